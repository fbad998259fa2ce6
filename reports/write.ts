import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../formats/error.ts";
import { oneCostSource } from "./costSource.ts";
import { rowsToArrow, rowsToCsv } from "./export.ts";
import { familiesOf, frontierFigure, otherFigures } from "./figures.ts";
import { htmlReport } from "./html.ts";
import { checkRows, type ReportInput } from "./input.ts";
import { markdownReport } from "./markdown.ts";
import { renderSvg } from "./svg.ts";
import { views } from "./views.ts";

/** Paths of what was written. */
export interface WrittenReport {
  html: string;
  md: string;
  arrow: string;
  csv: string;
  /** One SVG a chart; beside each lies its vega-lite spec, `ID.vl.json`. */
  charts: string[];
}

/**
 * Writes a report into `dir` (made if absent): report.html, report.md, results.arrow, results.csv and charts/. Each file
 * appears whole or not at all; the page, which people open, is written last.
 * @throws UserError naming the row that is malformed, or the folder that cannot be written.
 */
export async function writeReport(dir: string, given: ReportInput): Promise<WrittenReport> {
  checkRows(given.rows);
  const input = { ...given, rows: oneCostSource(given.rows) };
  const found = views(input.rows, input.codebooks);
  const families = familiesOf(input.rows);
  const figures = [...found.map((view) => frontierFigure(view, families)), ...otherFigures(input, found)];
  const written: WrittenReport = {
    html: join(dir, "report.html"),
    md: join(dir, "report.md"),
    arrow: join(dir, "results.arrow"),
    csv: join(dir, "results.csv"),
    charts: [],
  };
  await makeFolder(dir).catch((error: Error) => {
    throw new UserError(`${dir}: cannot be made (${error.message})`);
  });
  const page = await htmlReport(input, found);
  for (const { id, title, spec } of figures) {
    const svg = join(dir, "charts", `${id}.svg`);
    await writeWhole(svg, await renderSvg(spec, { id, title }));
    await writeWhole(join(dir, "charts", `${id}.vl.json`), `${JSON.stringify(spec, null, 1)}\n`);
    written.charts.push(svg);
  }
  await writeWhole(written.arrow, await rowsToArrow(input.rows));
  await writeWhole(written.csv, rowsToCsv(input.rows));
  await writeWhole(written.md, markdownReport(input, found));
  await writeWhole(written.html, page);
  return written;
}

/**
 * Makes a folder and its parents. Not mkdir's `recursive`, which never returns where a file system denies what it shows
 * (/proc).
 */
async function makeFolder(path: string): Promise<void> {
  const make = () =>
    mkdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  await make().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await make();
  });
}

/** Writes beside the target, flushes, then renames over it. */
async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await makeFolder(dirname(path));
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new UserError(`${path}: cannot be written (${error instanceof Error ? error.message : String(error)})`);
  }
}
