import type { Row } from "../evaluate/row.ts";
import type { SweepManifest } from "../evaluate/sweep/index.ts";
import type { Io } from "./options.ts";

/** Writes the report of a sweep folder, prints its frontiers as tables and, last, the path of the page. */
export async function printReport(
  directory: string,
  { keys: _, ...input }: SweepManifest & { rows: Row[] },
  { stdout }: Io,
): Promise<void> {
  // Charts pull in vega, half a second that no other command should wait for.
  const { terminalFrontier, views, writeReport } = await import("../reports/index.ts");
  const written = await writeReport(directory, input);
  for (const view of views(input.rows, input.codebooks)) stdout.write(`${terminalFrontier(view)}\n`);
  stdout.write(`report: ${written.html}\n`);
}
