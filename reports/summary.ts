import type { Row } from "../evaluate/trial/row.ts";
import { combineModels } from "./combine.ts";
import { baselineFormat, isBaseline } from "./frontier.ts";
import { withSigma } from "./numbers.ts";
import { operandName, settingName } from "./settings.ts";
import { groupName, rowNames, type View } from "./views.ts";

/** Below this many windows a standard error is itself too uncertain for "two of them" to mean 95 %. */
const fewWindows = 10;

/** The answer of one frontier in one sentence: which formats are worth their cost, from the cheapest to the best. */
export function sentence(view: View): string {
  const { points, x } = view.frontier;
  const names = rowNames(points.map((point) => point.row));
  const listed = (status: string) =>
    points.filter((point) => point.status === status).map((point) => names.get(point.row.key)!);
  const best = listed("frontier");
  const ties = listed("tie");
  const where = [
    view.group === null ? "" : ` at ${groupName(view.group)}`,
    ` on ${view.model}`,
    view.taskName && `, ${view.taskName}`,
    view.setting && `, ${view.setting}`,
  ].join("");
  const kind = view.bits === null ? "formats" : `${view.bits}-bit formats`;
  const tied =
    ties.length === 0 ? "none ties with them" : `${ties.join(", ")} ${ties.length === 1 ? "ties" : "tie"} with them`;
  return (
    `Of ${points.length} ${kind}${where}, ${best.length} ${best.length === 1 ? "is" : "are"} worth the ${x.word}: ` +
    `${best.join(" → ")}; ${tied} within ${tieRule(view)}; ${points.length - best.length - ties.length} are dominated.`
  );
}

/** What a tie is, and where costs have errors, which of them are equal. */
export function tieRule({ frontier: { points, sigmas, x } }: View): string {
  const uncertain = points.some(({ row }) => x.sigma(row) !== null);
  return `${sigmas} σ of the paired difference${uncertain ? ` (${x.word} within ${sigmas} σ counts as equal)` : ""}`;
}

/** Protocol, scope and n of a frontier, and where its costs come from: what a caption must state. */
export function provenance(view: View): string {
  const rows = view.frontier.points.map((point) => point.row);
  const windows = [...new Set(rows.map((row) => row.windows))].join("/");
  const tokens = [...new Set(rows.map((row) => row.tokens))].join("/");
  const text = `${view.task}, protocol ${view.protocol}, scope ${view.scope}${view.setting && `, ${view.setting}`}, n = ${windows} ${observed(view)} (${tokens} tokens)`;
  const models = view.models ? `; equal weight for ${view.models.join(", ")}` : "";
  const said = `${text}${models}`;
  if (["bitsPerWeight", "modelBitsPerWeight"].includes(view.frontier.x.id)) return said;
  return `${said}; ${view.frontier.x.word} of a MAC ${operands(rows)}, ${costSource(rows)}`;
}

/** What n counts: accuracies are of examples, losses and divergences of windows of a text. */
function observed({ frontier: { points } }: View): string {
  return points.some(({ row }) => row.metrics && Object.hasOwn(row.metrics, "acc")) ? "examples" : "windows";
}

/** What the weights are multiplied with: `with int8 activations`, or `with both operands in the format`. */
export function operands(rows: readonly Row[]): string {
  const name = operandName(rows);
  return `with ${[...new Set(rows.flatMap(({ cost }) => (cost ? [name(cost)] : [])))].join(" or ")}`;
}

/** `modelled: count model v1 (±4 %)`; several sources are all named. */
export function costSource(rows: readonly Row[]): string {
  const texts = rows.map(({ cost }) => {
    if (cost === null) return "unknown";
    const error = cost.relativeError === null ? "" : `, ±${Math.round(cost.relativeError * 1000) / 10} %`;
    return `${cost.provenance}: ${cost.source}${error}`;
  });
  return [...new Set(texts)].join("; ");
}

/** What a reader must know before believing the frontiers: excluded rows, missing baselines, few windows. */
export function cautions(rows: readonly Row[], views: readonly View[]): string[] {
  const notes = new Set<string>();
  for (const view of views) {
    for (const { row, reason } of view.frontier.excluded) notes.add(`${row.format} is in no frontier: ${reason}.`);
    if (view.frontier.baseline === null)
      notes.add(`${view.model}, ${view.task}: no ${baselineFormat} row, so losses have no reference.`);
  }
  for (const { models, task, protocol, scope, setting } of views) {
    if (!models) continue;
    const contest = rows.filter(
      (row) => row.task === task && row.protocol === protocol && row.scope === scope && settingName(row) === setting,
    );
    const combined = new Set(combineModels(contest).map((row) => row.format));
    const left = new Set(contest.map((row) => row.format).filter((format) => !combined.has(format)));
    if (left.size > 0)
      notes.add(
        `Not in the mean of ${models.length} models on ${task}: ${[...left].join(", ")}, which not every model has.`,
      );
  }
  const costless = rows.filter((row) => row.cost === null && !isBaseline(row)).map((row) => row.format);
  if (costless.length > 0) notes.add(`No area is known for ${[...new Set(costless)].join(", ")}.`);
  if (rows.some((row) => row.windows > 0 && row.windows < fewWindows))
    notes.add(`Some rows have fewer than ${fewWindows} windows: their error bars are themselves uncertain.`);
  for (const row of rows) for (const warning of row.warnings) notes.add(`${row.format}: ${warning}.`);
  return [...notes].map((note) => note.replace(/\.\.$/, "."));
}

/** Perplexity of the full-precision model, `12.34 ± 0.05`, or null without that row. */
export function baselineText(view: View): string | null {
  const row = view.frontier.baseline;
  return row?.perplexity == null ? null : withSigma(row.perplexity, row.perplexitySigma);
}
