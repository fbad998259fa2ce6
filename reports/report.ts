import type { Row } from "../evaluate/trial/row.ts";
import { checkCost, checkMetric } from "./axes.ts";
import { type Changes, changesBetween } from "./changes.ts";
import { changesFigure, changesSentence, changesTable } from "./changesReport.ts";
import { oneCostSource } from "./costSource.ts";
import { type Figure, familiesOf, frontierFigure, otherFigures } from "./figures.ts";
import { checkRows, type ReportInput } from "./input.ts";
import { publishedFigure } from "./publishedFigure.ts";
import { baselineText, cautions, provenance, sentence } from "./summary.ts";
import { frontierTable, fullTable, type Table, viewTitle } from "./table.ts";
import { type View, type ViewOptions, views } from "./views.ts";

export interface ReportOptions extends ViewOptions {
  /** An earlier sweep, to say what changed since. */
  against?: { rows: Row[]; name: string } | undefined;
  /** Whose published points lie over a frontier of ours; null leaves them out. */
  published?: string | null | undefined;
}

/** One part of a report, before it is HTML or Markdown. */
export interface Section {
  heading: string;
  text: string | null;
  figure: Figure | null;
  table: Table | null;
  /** What a table without a caption under a figure must still say. */
  provenance: string | null;
}

/** All that a report says, in order. */
export interface Report {
  input: ReportInput;
  title: string;
  /** The first frontier in one sentence. */
  answer: string;
  /** Number of rows, time, and the full-precision references. */
  meta: string;
  views: View[];
  sections: Section[];
  /** The section that says what changed, where something was compared. */
  changes: Section | null;
  rows: Table;
  notes: string[];
}

const PUBLISHED_NETWORK = "LLaMA2-7B";

/**
 * Decides what a report says: frontiers, what changed, charts, all rows, cautions. The same input gives the same report.
 * @throws UserError naming a malformed row, or a cost or metric that no row has.
 */
export function composeReport(given: ReportInput, options: ReportOptions = {}): Report {
  checkRows(given.rows);
  const input = { ...given, rows: oneCostSource(given.rows) };
  if (input.rows.length > 0) {
    for (const cost of options.costs ?? []) checkCost(cost, input.rows);
    if (options.metric !== undefined) checkMetric(options.metric, input.rows);
  }
  const found = views(input.rows, input.codebooks, options);
  const families = familiesOf(input.rows);
  const answer = found[0]
    ? sentence(found[0])
    : "No row has both a loss with an error bar and a cost: there is no frontier to draw.";
  const sections = found.map((view, i): Section => {
    const figure = frontierFigure(view, families);
    const said = i === 0 ? null : sentence(view);
    return section(viewTitle(view), figure, said, frontierTable(view), `${provenance(view)}.`);
  });
  const changes = options.against ? changed(input, options.against, options) : null;
  if (changes) sections.splice(found.length > 0 ? 1 : 0, 0, changes);
  const network = options.published === undefined ? PUBLISHED_NETWORK : options.published;
  const beside = network === null ? null : publishedFigure(found, families, network, options.published !== undefined);
  for (const figure of [...(beside ? [beside] : []), ...otherFigures(input, found)])
    sections.push(section(figure.title, figure));
  const rows = fullTable(input.rows, found);
  return {
    input,
    title: titleOf(input, found),
    answer,
    meta: meta(input, found),
    views: found,
    sections,
    changes,
    rows,
    notes: cautions(input.rows, found),
  };
}

function section(
  heading: string,
  figure: Figure | null,
  text: string | null = null,
  table: Table | null = null,
  provenance: string | null = null,
): Section {
  return { heading, text, figure, table, provenance };
}

function changed(input: ReportInput, against: { rows: Row[]; name: string }, options: ViewOptions): Section {
  checkRows(against.rows);
  const changes: Changes = changesBetween(input.rows, against.rows, input.codebooks, options);
  return section(
    `What changed against ${against.name}`,
    changesFigure(changes, against.name),
    changesSentence(changes),
    changesTable(changes),
  );
}

function titleOf(input: ReportInput, found: readonly View[]): string {
  const single = found.filter((view) => !view.models);
  const models = [...new Set((single.length > 0 ? single : input.rows).map((item) => item.model))];
  const named = models.length > 3 ? `${models.length} models` : models.join(", ");
  return models.length > 0 ? `The accuracy–cost frontier of ${named}` : "bitfrontier report";
}

function meta(input: ReportInput, found: readonly View[]): string {
  const baselines = new Map<string, string>();
  for (const view of found) {
    const text = baselineText(view);
    if (text !== null && !view.models) baselines.set(`${view.model}, ${view.task} (${view.protocol})`, text);
  }
  const references = [...baselines].map(([where, text]) => `fp32 perplexity ${text} on ${where}`);
  return [`${input.rows.length} rows`, input.createdAt, ...references].join(" · ");
}
