import type { Row } from "../evaluate/trial/row.ts";
import { UserError } from "../formats/error.ts";
import { type Axis, type CostAxis, costAxis, type MetricAxis, metricAxis } from "./axes.ts";
import { difference } from "./compare.ts";
import { plain } from "./escape.ts";
import { settingName } from "./settings.ts";

export type Status = "frontier" | "tie" | "dominated";

export interface FrontierPoint {
  row: Row;
  x: number;
  y: number;
  status: Status;
  /** Key of the row it ties with or is dominated by. */
  by?: string;
}

export interface Frontier {
  x: Axis;
  y: MetricAxis;
  /** How many paired standard errors count as a difference. */
  sigmas: number;
  /** In order of cost, then from the best. */
  points: FrontierPoint[];
  /** The full-precision row: a reference, never a candidate. */
  baseline: Row | null;
  excluded: { row: Row; reason: string }[];
}

export interface FrontierOptions {
  x: CostAxis;
  /** `deltaLoss`, `perplexity`, or the name of a task's figure, e.g. `acc`. */
  y: string;
  sigmas?: number;
}

export const baselineFormat = "fp32";

/** Whether a row is of the unquantized model: weights, activations and cache. */
export function isBaseline({ format, activation, kv }: Row): boolean {
  return format === baselineFormat && activation === undefined && kv === undefined;
}

/** A difference below two standard errors is not called a difference. */
export const defaultSigmas = 2;

/** Costs closer than this are equal: bits per weight of one format differ in the last digit between models. */
const sameCost = 1e-9;

/**
 * Which rows are worth their cost, with the error bars taken seriously.
 *
 * A row *beats* another when its metric is better by more than `sigmas` standard errors of their paired difference over
 * the windows or examples both have read (loss in nats per token, also where y is perplexity, its exponential).
 * - dominated: some row at no greater cost beats it; `by` is the best one;
 * - frontier: not dominated, and it beats the frontier row of next lower cost and every row that cannot be told from
 *   that one (the cheapest row stands by itself, at equal cost the better one comes first);
 * - tie: the rest. It may look better than a cheaper row, but the data do not say so; `by` is that row.
 *
 * Costs have errors too: closer than `sigmas` standard errors of their difference (taken as independent) two costs are equal,
 * and a row that a frontier row beats at an equal cost is dominated by it, though its figure be a little lower.
 *
 * @throws UserError when rows of two models, tasks, protocols, scopes, settings of activations and cache, or cost sources are
 * mixed, a key appears twice,
 * or two rows of one protocol have read different numbers of windows.
 */
export function frontier(rows: readonly Row[], options: FrontierOptions): Frontier {
  const { sigmas = defaultSigmas } = options;
  const x = costAxis(options.x, rows);
  const y = metricAxis(options.y);
  if (!(sigmas >= 0)) throw new UserError(`frontier: sigmas must be 0 or more, found ${sigmas}`);
  refuseMixture(rows, "model", (row) => `${row.model}, SHA-256 ${row.modelSha256.slice(0, 12)}`);
  for (const field of ["task", "protocol"] as const) refuseMixture(rows, field, (row) => row[field]);
  const candidates = rows.filter((row) => !isBaseline(row));
  refuseMixture(candidates, "scope", (row) => row.scope);
  refuseMixture(candidates, "activations and cache", settingName);
  if (new Set(rows.map((row) => row.key)).size < rows.length)
    throw new UserError("frontier: a row's key appears twice");

  const excluded: Frontier["excluded"] = [];
  const points: FrontierPoint[] = [];
  const baseline = rows.find(isBaseline) ?? null;
  for (const row of rows) {
    if (isBaseline(row)) continue;
    const reason = whyNot(row, x, y);
    if (reason !== null) excluded.push({ row, reason });
    else {
      const point = { row, x: x.value(row)!, y: y.value(row)! };
      points.push({ ...point, status: "tie" });
    }
  }
  refuseMixture(
    points.map((point) => point.row),
    "cost source",
    x.basis,
  );
  const best = y.better === "low" ? 1 : -1;
  points.sort((a, b) => (sameX(a, b) ? best * (a.y - b.y) || (a.row.key < b.row.key ? -1 : 1) : a.x - b.x));
  const beats: Beats = (a, b) => {
    const { mean, sigma } = difference(a, b, y);
    return -best * mean > sigmas * sigma;
  };
  decide(points, best, beats);
  equalCosts(points, sigmas, x, beats);
  return { x, y, sigmas, points, baseline, excluded };
}

/** Whether a row's metric is better than another's by more than their difference's error. */
type Beats = (a: Row, b: Row) => boolean;

/** `sign` is 1 where a low metric is better, else −1. */
function decide(points: FrontierPoint[], sign: number, beats: Beats): void {
  const leading = (candidates: readonly FrontierPoint[]) =>
    candidates.reduce<FrontierPoint | undefined>(
      (best, point) => (best && sign * best.y <= sign * point.y ? best : point),
      undefined,
    );
  // The latest frontier row, then the rows that do not beat it: together the rung that the next one has to beat.
  let rung: FrontierPoint[] = [];
  for (const point of points) {
    const noDearer = points.filter((other) => other !== point && (other.x < point.x || sameX(other, point)));
    const dominator = leading(noDearer.filter((other) => beats(other.row, point.row)));
    const rivals = rung.filter((other) => !beats(point.row, other.row));
    if (dominator) {
      point.status = "dominated";
      point.by = dominator.row.key;
    } else if (rivals.length === 0) {
      point.status = "frontier";
      rung = [point];
    } else {
      point.by = (rivals.includes(rung[0]!) ? rung[0]! : leading(rivals)!).row.key;
      // A row that beats the leader but not all its ties neither joins them nor keeps a later one off the frontier.
      if (rivals.includes(rung[0]!)) rung.push(point);
    }
  }
}

/** From the best frontier row down, so that a chain of equal costs ends: each is compared with rows that have kept their place. */
function equalCosts(points: readonly FrontierPoint[], sigmas: number, x: Axis, beats: Beats): void {
  const kept: FrontierPoint[] = [];
  const equal = (a: FrontierPoint, b: FrontierPoint) =>
    a.x - b.x < sigmas * Math.hypot(x.sigma(a.row) ?? 0, x.sigma(b.row) ?? 0);
  for (const point of [...points].reverse()) {
    if (point.status === "dominated") continue;
    // Frontier rows get better with their cost: the first that was kept is the best.
    const better = kept.find((other) => equal(other, point) && beats(other.row, point.row));
    if (better) {
      point.status = "dominated";
      point.by = better.row.key;
    } else if (point.status === "frontier") kept.push(point);
  }
  const byKey = new Map(points.map((point) => [point.row.key, point]));
  // A row that tied with one that has lost its place ties with the one that took it.
  for (const point of points.filter(({ status }) => status === "tie")) {
    for (let rival = byKey.get(point.by!); rival?.status === "dominated"; rival = byKey.get(point.by!))
      point.by = rival.by!;
  }
}

function whyNot(row: Row, x: Axis, y: MetricAxis): string | null {
  if (y.value(row) === null) return row.reason ?? `no ${y.name}`;
  const n = y.observations(row).length;
  const sigma = y.difference(row).sigma ?? (y.id === "perplexity" ? null : y.sigma(row));
  if (n === 1 || (n === 0 && sigma === null)) return `no error bar (${n} windows)`;
  if (x.value(row) === null) return `no ${x.name}`;
  return null;
}

function sameX(a: FrontierPoint, b: FrontierPoint): boolean {
  return Math.abs(a.x - b.x) <= sameCost * Math.max(Math.abs(a.x), Math.abs(b.x));
}

function refuseMixture(rows: readonly Row[], what: string, read: (row: Row) => string | null): void {
  const seen = [...new Set(rows.map(read))];
  if (seen.length > 1)
    throw new UserError(
      `frontier: rows of different ${what} cannot be compared (${seen
        .slice(0, 3)
        .map((s) => plain(String(s)))
        .join("; ")})`,
    );
}
