import type { TopLevelSpec } from "vega-lite";
import type { Row } from "../evaluate/trial/row.ts";
import { accuracyChanges } from "./accuracyChange.ts";
import {
  accuracyChart,
  areaChart,
  degreesChart,
  frontierChart,
  layerErrorChart,
  numberLineChart,
} from "./charts/index.ts";
import { isBaseline } from "./frontier.ts";
import type { ReportInput } from "./input.ts";
import { headName } from "./settings.ts";
import { costSource, operands, provenance, tieRule } from "./summary.ts";
import { viewTitle } from "./table.ts";
import { rowNames, type View } from "./views.ts";

/** One chart of a report, with the words under it. */
export interface Figure {
  id: string;
  title: string;
  caption: string;
  spec: TopLevelSpec;
}

/** The frontier chart of a view. */
export function frontierFigure(view: View, families: ReadonlySet<string>): Figure {
  const title = viewTitle(view);
  const { y, x, points } = view.frontier;
  const paired = y.id === "deltaLoss" ? "of the paired difference to fp32" : `of the ${y.word} (unpaired)`;
  const modelled = points.some(({ row }) => (x.sigma(row) ?? 0) > 0) ? "; bars across, of the area" : "";
  const better = y.better === "low" ? "Lower" : "Upper";
  return {
    id: view.id,
    title,
    caption:
      `${better} left is better. Solid: on the frontier; hollow: ties with it within ${tieRule(view)}; ` +
      `faint: dominated. Bars: one standard error ${paired}${modelled}. ${provenance(view)}.`,
    spec: frontierChart(view.frontier, families, title),
  };
}

/** The charts of a report that are not frontiers; each is left out when there is nothing to draw. */
export function otherFigures(input: ReportInput, views: readonly View[]): Figure[] {
  const families = familiesOf(input.rows);
  const found: Figure[] = [];
  if (input.codebooks.length > 0) {
    const title = "Where each codebook has its values";
    const caption =
      "One tick a value, scaled so that the largest magnitude is 1, where absmax scaling puts a group's largest weight.";
    found.push({ id: "codebooks", title, caption, spec: numberLineChart(input.codebooks, families, title) });
  }
  if (input.profiles.length > 0) {
    const title = "Degrees of freedom ν of the weights, by layer";
    const caption =
      "Student-t fit by maximum likelihood, one mark a tensor, bars one standard error; fewer degrees of freedom, heavier " +
      "tails. Hollow marks in the strip above have no finite ν: the data are Gaussian, or no t fits.";
    found.push({ id: "degrees", title, caption, spec: degreesChart(input.profiles, title) });
  }
  costSets(input.rows).forEach((rows, i) => {
    const names = new Map(rows.map((row) => [row.key, row.element]));
    const title = "Area of one multiply-accumulate";
    const caption = `Gate equivalents (area over that of a NAND2) ${operands(rows)}, ${costSource(rows)}. Bars: one standard error, where stated.`;
    const costs = rows.map((row) => ({ name: names.get(row.key)!, cost: row.cost! }));
    found.push({ id: i === 0 ? "area" : `area-${i + 1}`, title, caption, spec: areaChart(costs, title) });
  });
  for (const { model, tasks, changes } of accuracyChanges(input.rows)) {
    const head = headName(changes[0]!.row.scope);
    const title = `Accuracy kept by ${model}${head && `, ${head}`}, mean of ${tasks.length} tasks`;
    const protocols = tasks.map(({ task, protocol }) => `${task} (${protocol})`).join(", ");
    const caption = `Accuracy over that of full precision, less one, averaged over ${protocols}. Upper left is better. Bars: one standard error of the paired examples.`;
    found.push({ id: `accuracy-${found.length}`, title, caption, spec: accuracyChart(changes, families, title) });
  }
  const view = views.find((candidate) => candidate.frontier.points.some(({ row }) => row.layers.length > 0));
  const shown = view?.frontier.points.filter(({ status, row }) => status === "frontier" && row.layers.length > 0) ?? [];
  if (view && shown.length > 0) {
    const title = "Relative error of the weights, by layer";
    const names = rowNames(view.frontier.points.map(({ row }) => row));
    const named = shown.map(({ row }) => ({ name: names.get(row.key)!, row }));
    const caption = `Squared error over squared weight of each quantized tensor, frontier formats of “${viewTitle(view)}”.`;
    found.push({ id: "layers", title, caption, spec: layerErrorChart(named, title) });
  }
  return found;
}

export function familiesOf(rows: readonly Row[]): Set<string> {
  return new Set(rows.filter((row) => !isBaseline(row)).map((row) => row.family));
}

/** One row for each element with a cost, a set for each source of costs: sources never share a chart. */
function costSets(rows: readonly Row[]): Row[][] {
  const sets = new Map<string, Map<string, Row>>();
  for (const row of rows) {
    if (row.cost === null) continue;
    const source = JSON.stringify([
      row.cost.provenance,
      row.cost.source,
      row.cost.activation === row.cost.weight || row.cost.activation,
    ]);
    const set = sets.get(source) ?? new Map<string, Row>();
    if (!set.has(row.element)) set.set(row.element, row);
    sets.set(source, set);
  }
  return [...sets.values()].map((set) => [...set.values()]);
}
