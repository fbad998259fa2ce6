import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../formats/error.ts";
import { rowsToArrow, rowsToCsv } from "./export.ts";
import { htmlReport } from "./html.ts";
import { markdownReport } from "./markdown.ts";
import { pageRuntime } from "./pageRuntime.ts";
import { renderPng } from "./png.ts";
import type { Report } from "./report.ts";
import { renderSvg } from "./svg.ts";

/** Paths of what was written. */
export interface WrittenReport {
  html: string;
  md: string;
  arrow: string;
  csv: string;
  /** One SVG a chart; beside each lie its picture, `ID.png`, and its vega-lite spec, `ID.vl.json`. */
  charts: string[];
}

export interface WriteOptions {
  /** Leaves the chart runtime out of the page. */
  static?: boolean;
}

/**
 * Writes a report into `dir` (made if absent): report.html, report.md, results.arrow, results.csv and charts/. Each file
 * appears whole or not at all; the page, which people open, is written last.
 * @throws UserError naming the folder that cannot be written.
 */
export async function writeReport(dir: string, report: Report, options: WriteOptions = {}): Promise<WrittenReport> {
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
  const page = await htmlReport(report, options.static ? null : await pageRuntime());
  for (const { figure } of report.sections) {
    if (!figure) continue;
    const { id, title, spec } = figure;
    const path = (ending: string) => join(dir, "charts", `${id}.${ending}`);
    const svg = await renderSvg(spec, { id, title });
    await writeWhole(path("svg"), svg);
    await writeWhole(path("png"), await renderPng(svg));
    await writeWhole(path("vl.json"), `${JSON.stringify(spec, null, 1)}\n`);
    written.charts.push(path("svg"));
  }
  const { rows } = report.input;
  await writeWhole(written.arrow, await rowsToArrow(rows));
  await writeWhole(written.csv, rowsToCsv(rows));
  await writeWhole(written.md, markdownReport(report));
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
export async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
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
