import { readJournal, readManifest } from "../evaluate/sweep/index.ts";
import { UserError } from "../formats/error.ts";
import type { Command } from "./options.ts";
import { printReport } from "./printReport.ts";

export const report: Command = {
  name: "report",
  summary: "write the report of a sweep folder again and print its frontiers",
  arguments: [{ name: "DIR", required: true, help: "folder a sweep wrote to" }],
  options: {},
  examples: ["report runs/default"],

  async run({ positionals }, io) {
    const directory = positionals[0]!;
    const manifest = readManifest(directory);
    const journal = await readJournal(directory);
    for (const warning of journal.warnings) io.stderr.write(`warning: ${warning}\n`);
    const rows = manifest.keys.flatMap((key) => journal.rows.get(key) ?? []);
    if (rows.length === 0) throw new UserError(`${directory}: no trial of its last sweep has finished yet`);
    const open = manifest.keys.length - rows.length;
    if (open > 0) io.stderr.write(`warning: ${open} of ${manifest.keys.length} trials are not done\n`);
    await printReport(directory, { rows, ...manifest }, io);
    return undefined;
  },
};
