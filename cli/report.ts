import { readJournal, readManifest } from "../evaluate/sweep/index.ts";
import { UserError } from "../formats/error.ts";
import type { Command } from "./options.ts";
import { printReport } from "./printReport.ts";

export const report: Command = {
  name: "report",
  summary: "write the report of a sweep folder again and print its frontier",
  arguments: [{ name: "DIR", required: true, help: "folder a sweep wrote to" }],
  options: {},
  examples: ["report runs/default"],

  async run({ positionals }, io) {
    const directory = positionals[0]!;
    const manifest = readManifest(directory);
    const { rows, warnings } = await readJournal(directory);
    for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
    if (rows.size === 0) throw new UserError(`${directory}: the journal has no finished trial yet`);
    await printReport(directory, { rows: [...rows.values()], ...manifest }, io);
    return undefined;
  },
};
