import type { Row } from "../evaluate/trial/row.ts";
import { metricAxis, metricIds } from "./axes.ts";
import { difference } from "./compare.ts";
import { defaultSigmas, isBaseline } from "./frontier.ts";
import type { Codebook } from "./input.ts";
import { settingName } from "./settings.ts";
import { type View, type ViewOptions, views } from "./views.ts";

/** What became of one trial that both sweeps have. */
export interface Change {
  row: Row;
  before: Row;
  /** Metric now minus before, one standard error; null where it cannot be said, with the reason. */
  mean: number | null;
  sigma: number | null;
  /** Over the same windows or examples. */
  paired: boolean;
  reason?: string;
  /** `same`: every window to the last bit; `better`, `worse`: by more than `sigmas` standard errors; else `within`. */
  verdict: "same" | "within" | "better" | "worse" | "unknown";
  /** The weights of the model are others than before. */
  otherWeights: boolean;
}

/** A row whose place in a frontier is another than before. */
export interface Move {
  view: View;
  row: Row;
  from: string;
  to: string;
}

export interface Changes {
  /** What is compared: the loss, or a task's figure. */
  metric: string;
  sigmas: number;
  trials: Change[];
  appeared: Row[];
  vanished: Row[];
  moves: Move[];
  /** Frontiers that both sweeps have, of the same settings and cost source: moves are in these. */
  frontiers: number;
}

/**
 * What changed from one sweep to another, trial by trial. A trial is known again by model name, format, method, scope, task,
 * protocol, seed and settings, whatever the version of the code. Differences are paired where both runs read as many
 * windows and tokens, else taken as independent.
 */
export function changesBetween(
  now: readonly Row[],
  before: readonly Row[],
  codebooks: readonly Codebook[] = [],
  options: ViewOptions = {},
): Changes {
  const earlier = new Map(before.map((row) => [trialOf(row), row]));
  const later = new Map(now.map((row) => [trialOf(row), row]));
  const measured = metricIds(now);
  const metric = options.metric ?? ["acc", "kl"].find((id) => measured.includes(id)) ?? "deltaLoss";
  const trials = [...later].flatMap(([trial, row]) => {
    const other = earlier.get(trial);
    return other ? [changeOf(row, other, metric)] : [];
  });
  return {
    metric,
    sigmas: defaultSigmas,
    trials,
    appeared: [...later].filter(([trial]) => !earlier.has(trial)).map(([, row]) => row),
    vanished: [...earlier].filter(([trial]) => !later.has(trial)).map(([, row]) => row),
    ...movesBetween(views(now, codebooks, options), views(before, codebooks, options)),
  };
}

function trialOf(row: Row): string {
  const { model, format, method, scope, task, protocol, seed } = row;
  const options = row.config.methodOptions ?? {};
  return JSON.stringify([model, format, method, options, scope, task, protocol, seed, settingName(row)]);
}

function changeOf(row: Row, before: Row, metric: string): Change {
  const axis = metricAxis(metric);
  const otherWeights = row.modelSha256 !== before.modelSha256;
  const unknown = (reason: string): Change => ({
    row,
    before,
    mean: null,
    sigma: null,
    paired: false,
    reason,
    verdict: "unknown",
    otherWeights,
  });
  // A row without a value or an error bar has nothing that a difference could be made of.
  if (axis.value(row) === null || axis.value(before) === null)
    if (!isBaseline(row) || metric !== "deltaLoss")
      return unknown((axis.value(row) === null ? row.reason : before.reason) ?? `no ${axis.name}`);
  const [a, b] = [axis.observations(row), axis.observations(before)];
  if (a.length > 0 && a.length === b.length && row.tokens === before.tokens) {
    if (a.every((value, i) => value === b[i]))
      return { row, before, mean: 0, sigma: 0, paired: true, verdict: "same", otherWeights };
    if (a.length < 2) return unknown("one window has no error bar");
    return judged({ row, before, ...difference(row, before, axis), otherWeights }, axis.better);
  }
  const [u, v] = [axis.difference(row), axis.difference(before)];
  if (u.mean === null || v.mean === null || u.sigma === null || v.sigma === null)
    return unknown("the windows differ and no error bar is known");
  const mean = u.mean - v.mean;
  return judged({ row, before, mean, sigma: Math.hypot(u.sigma, v.sigma), paired: false, otherWeights }, axis.better);
}

function judged(change: Omit<Change, "verdict"> & { mean: number; sigma: number }, better: "low" | "high"): Change {
  const gain = better === "low" ? -change.mean : change.mean;
  const significant = Math.abs(gain) > defaultSigmas * change.sigma;
  return { ...change, verdict: !significant ? "within" : gain > 0 ? "better" : "worse" };
}

/** Rows of both sweeps whose status differs, in frontiers that both have; other cost sources make other frontiers. */
function movesBetween(now: readonly View[], before: readonly View[]): Pick<Changes, "moves" | "frontiers"> {
  const nameOf = (view: View) => {
    const { model, task, protocol, scope, setting, group, bits, frontier } = view;
    const row = frontier.points[0]!.row;
    const basis = frontier.x.basis(row);
    return JSON.stringify([model, task, protocol, scope, setting, group, bits, frontier.x.id, frontier.y.id, basis]);
  };
  const earlier = new Map(before.map((view) => [nameOf(view), view]));
  const both = now.filter((view) => earlier.has(nameOf(view)));
  const moves = both.flatMap((view) => {
    const other = earlier.get(nameOf(view))!;
    const statuses = new Map(other.frontier.points.map(({ row, status }) => [trialOf(row), status]));
    return view.frontier.points.flatMap(({ row, status }) => {
      const from = statuses.get(trialOf(row));
      return from !== undefined && from !== status ? [{ view, row, from, to: status }] : [];
    });
  });
  return { moves, frontiers: both.length };
}
