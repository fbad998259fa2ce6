import { readJournal, readManifest, type SweepManifest } from "../evaluate/sweep/index.ts";
import type { Row } from "../evaluate/trial/row.ts";
import { UserError } from "../formats/error.ts";
import { recost, TIMED_LIBRARIES } from "../hwmodel/synthesis/recost.ts";
import { costIds } from "../reports/axes.ts";
import { publishedNetworks } from "../reports/published.ts";
import type { Command, Io } from "./options.ts";
import { printReport } from "./printReport.ts";

export const report: Command = {
  name: "report",
  summary: "write the report of a sweep folder again and print its frontiers",
  arguments: [{ name: "DIR", required: true, help: "folder a sweep wrote to" }],
  options: {
    cost: { value: "LIST", many: true, help: `what stands on the x axis: ${costIds.join(", ")}` },
    metric: { value: "ID", help: "what stands on the y axis: perplexity, deltaLoss, or a task's figure, e.g. acc, kl" },
    against: { value: "DIR", help: "another sweep's folder: say what changed since" },
    published: { value: "NETWORK", help: `whose published points to draw: ${publishedNetworks.join(", ")}, or none` },
    library: {
      value: "ID",
      help: `costs as synthesized in this library, delay and energy among them: ${TIMED_LIBRARIES.join(", ")}`,
    },
    static: { help: "leave the chart runtime out of the page" },
  },
  examples: [
    "report runs/default",
    "report runs/new --against runs/old --metric perplexity",
    "report runs/default --library asap7 --cost energyFj,chipOverhead",
  ],

  async run(input, io) {
    const directory = input.positionals[0]!;
    const { manifest, rows } = await readSweep(directory, io);
    const open = manifest.keys.length - rows.length;
    if (open > 0) io.stderr.write(`warning: ${open} of ${manifest.keys.length} trials are not done\n`);
    const other = input.text("against");
    const costs = input.listOf("cost", costIds);
    const library = input.oneOf("library", TIMED_LIBRARIES);
    const published = input.oneOf("published", [...publishedNetworks, "none"]);
    await printReport(directory, { rows: costed(rows, library), ...manifest }, io, {
      ...(costs.length > 0 && { costs }),
      ...(other !== undefined && {
        against: { rows: costed((await readSweep(other, io)).rows, library), name: other },
      }),
      metric: input.text("metric"),
      published: published === "none" ? null : published,
      static: input.has("static"),
    });
    return undefined;
  },
};

/** Rows with the costs of a library in place of their own. */
function costed(rows: Row[], library: string | undefined): Row[] {
  if (library === undefined) return rows;
  return rows.map(({ synthesizedCost: _, ...row }) => ({
    ...row,
    cost: row.cost && recost(row.element, row.cost, library),
  }));
}

/** The rows of a folder's last sweep, in plan order. Throws UserError where none has finished. */
async function readSweep(directory: string, io: Io): Promise<{ manifest: SweepManifest; rows: Row[] }> {
  const manifest = readManifest(directory);
  const journal = await readJournal(directory);
  for (const warning of journal.warnings) io.stderr.write(`warning: ${warning}\n`);
  const rows = manifest.keys.flatMap((key) => journal.rows.get(key) ?? []);
  if (rows.length === 0) throw new UserError(`${directory}: no trial of its last sweep has finished yet`);
  return { manifest, rows };
}
