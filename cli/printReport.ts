import type { SweepManifest } from "../evaluate/sweep/index.ts";
import type { Row } from "../evaluate/trial/row.ts";
import type { ReportOptions, WriteOptions } from "../reports/index.ts";
import type { Io } from "./options.ts";

/** Writes the report of a sweep folder, prints its frontiers as tables and, last, the path of the page. */
export async function printReport(
  directory: string,
  { keys: _, ...input }: SweepManifest & { rows: Row[] },
  { stdout }: Io,
  options: ReportOptions & WriteOptions = {},
): Promise<void> {
  // Charts pull in vega, half a second that no other command should wait for.
  const { composeReport, terminalFrontier, terminalText, writeReport } = await import("../reports/index.ts");
  const report = composeReport(input, options);
  const written = await writeReport(directory, report, options);
  for (const view of report.views) stdout.write(`${terminalFrontier(view)}\n`);
  if (report.changes) stdout.write(`${terminalText(report.changes)}\n`);
  stdout.write(`report: ${written.html}\n`);
}
