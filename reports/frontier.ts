import type { Row } from "../evaluate/row.ts";
import { UserError } from "../formats/error.ts";
import { type CostAxis, costAxes, type LossAxis, lossAxes } from "./axes.ts";
import { plain } from "./escape.ts";
import { pairedDifference } from "./paired.ts";

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
  x: CostAxis;
  y: LossAxis;
  /** How many paired standard errors count as a difference. */
  sigmas: number;
  /** In order of cost, then of loss. */
  points: FrontierPoint[];
  /** The full-precision row: a reference, never a candidate. */
  baseline: Row | null;
  excluded: { row: Row; reason: string }[];
}

export interface FrontierOptions {
  x: CostAxis;
  y: LossAxis;
  sigmas?: number;
}

export const baselineFormat = "fp32";

/** Whether a row is of the unquantized model: weights, activations and cache. */
export function isBaseline({ format, activation, kv }: Row): boolean {
  return format === baselineFormat && activation === undefined && kv === undefined;
}

/** What runs through the model in a row's setting, as its rows share it: `activations int8@row, cache int4@row`; "" at full precision. */
export function settingName({ activation, kv }: Pick<Row, "activation" | "kv">): string {
  const parts = [
    activation === undefined ? "" : activation === "same" ? "activations as the weights" : `activations ${activation}`,
    kv === undefined ? "" : kv === "same" ? "KV cache as the weights" : `KV cache ${kv}`,
  ];
  return parts.filter(Boolean).join(", ");
}

/** A difference below two standard errors is not called a difference. */
export const defaultSigmas = 2;

/** Costs closer than this are equal: bits per weight of one format differ in the last digit between models. */
const sameCost = 1e-9;

/**
 * Which rows are worth their cost, with the error bars taken seriously.
 *
 * A row *beats* another when its loss is lower by more than `sigmas` standard errors of their paired difference over
 * the windows both have read (loss in nats per token, also where y is perplexity, its exponential).
 * - dominated: some row at no greater cost beats it; `by` is the one of lowest loss;
 * - frontier: not dominated, and it beats the frontier row of next lower cost and every row that cannot be told from
 *   that one (the cheapest row stands by itself, at equal cost the one of lower loss comes first);
 * - tie: the rest. It may look better than a cheaper row, but the data do not say so; `by` is that row.
 *
 * Costs have errors too: a frontier row that a better frontier row costs no more than, within `sigmas` standard errors of the
 * difference of the two costs (taken as independent), is a tie with that row.
 *
 * @throws UserError when rows of two models, tasks, protocols, scopes, settings of activations and cache, or cost sources are
 * mixed, a key appears twice,
 * or two rows of one protocol have read different numbers of windows.
 */
export function frontier(rows: readonly Row[], options: FrontierOptions): Frontier {
  const { x, y, sigmas = defaultSigmas } = options;
  if (!(sigmas >= 0)) throw new UserError(`frontier: sigmas must be 0 or more, found ${sigmas}`);
  refuseMixture(rows, "model", (row) => `${row.model}, SHA-256 ${row.modelSha256.slice(0, 12)}`);
  for (const field of ["task", "protocol", "scope"] as const) refuseMixture(rows, field, (row) => row[field]);
  if (new Set(rows.map((row) => row.key)).size < rows.length)
    throw new UserError("frontier: a row's key appears twice");
  refuseMixture(
    rows.filter((row) => !isBaseline(row)),
    "activations and cache",
    settingName,
  );

  const excluded: Frontier["excluded"] = [];
  const points: FrontierPoint[] = [];
  const baseline = rows.find(isBaseline) ?? null;
  for (const row of rows) {
    if (isBaseline(row)) continue;
    const reason = whyNot(row, x, y);
    if (reason !== null) excluded.push({ row, reason });
    else {
      const point = { row, x: costAxes[x].value(row)!, y: lossAxes[y].value(row)! };
      points.push({ ...point, status: "tie" });
    }
  }
  refuseMixture(
    points.map((point) => point.row),
    "cost source",
    costAxes[x].basis,
  );
  points.sort((a, b) => (sameX(a, b) ? a.y - b.y || (a.row.key < b.row.key ? -1 : 1) : a.x - b.x));
  decide(points, sigmas);
  tieCosts(points, sigmas, costAxes[x].sigma);
  return { x, y, sigmas, points, baseline, excluded };
}

function decide(points: FrontierPoint[], sigmas: number): void {
  // The latest frontier row, then the rows that do not beat it: together the rung that the next one has to beat.
  let rung: FrontierPoint[] = [];
  for (const point of points) {
    const noDearer = points.filter((other) => other !== point && (other.x < point.x || sameX(other, point)));
    const dominator = lowest(noDearer.filter((other) => beats(other.row, point.row, sigmas)));
    const rivals = rung.filter((other) => !beats(point.row, other.row, sigmas));
    if (dominator) {
      point.status = "dominated";
      point.by = dominator.row.key;
    } else if (rivals.length === 0) {
      point.status = "frontier";
      rung = [point];
    } else {
      point.by = (rivals.includes(rung[0]!) ? rung[0]! : lowest(rivals)!).row.key;
      // A row that beats the leader but not all its ties neither joins them nor keeps a later one off the frontier.
      if (rivals.includes(rung[0]!)) rung.push(point);
    }
  }
}

/** From the best row down, so that a chain of ties ends: each is compared with rows that have kept their place. */
function tieCosts(points: readonly FrontierPoint[], sigmas: number, sigmaOf: (row: Row) => number | null): void {
  const kept: FrontierPoint[] = [];
  for (const point of points.filter(({ status }) => status === "frontier").reverse()) {
    const equal = kept.filter(
      (better) => better.x - point.x < sigmas * Math.hypot(sigmaOf(better.row) ?? 0, sigmaOf(point.row) ?? 0),
    );
    const best = lowest(equal);
    if (best) {
      point.status = "tie";
      point.by = best.row.key;
    } else kept.push(point);
  }
}

function lowest(points: readonly FrontierPoint[]): FrontierPoint | undefined {
  return points.reduce<FrontierPoint | undefined>(
    (best, point) => (best && best.y <= point.y ? best : point),
    undefined,
  );
}

/** True when a's loss is lower than b's by more than `sigmas` standard errors of the difference. */
function beats(a: Row, b: Row, sigmas: number): boolean {
  const { mean, sigma } = lossDifference(a, b);
  return -mean > sigmas * sigma;
}

/**
 * Mean loss of a minus that of b (nats per token), with its standard error: paired over windows, or, where a row has
 * no windows, from the two differences to the baseline taken as independent, which overstates the error.
 */
export function lossDifference(a: Row, b: Row): { mean: number; sigma: number; paired: boolean } {
  if (a.windowLoss.length > 0 && b.windowLoss.length > 0) {
    if (a.windowLoss.length !== b.windowLoss.length)
      throw new UserError(
        `${plain(a.format)} read ${a.windowLoss.length} windows and ${plain(b.format)} ${b.windowLoss.length}, ` +
          `both under protocol ${plain(a.protocol)}; their losses cannot be paired`,
      );
    return { ...pairedDifference(a.windowLoss, b.windowLoss), paired: true };
  }
  if (a.deltaLoss === null || b.deltaLoss === null || a.deltaLossSigma === null || b.deltaLossSigma === null)
    throw new UserError(
      `${plain(a.format)} and ${plain(b.format)} have neither windows nor an error bar to compare by`,
    );
  return { mean: a.deltaLoss - b.deltaLoss, sigma: Math.hypot(a.deltaLossSigma, b.deltaLossSigma), paired: false };
}

function whyNot(row: Row, x: CostAxis, y: LossAxis): string | null {
  if (lossAxes[y].value(row) === null) return row.reason ?? `no ${lossAxes[y].name}`;
  const n = row.windowLoss.length;
  if (n === 1 || (n === 0 && row.deltaLossSigma === null)) return `no error bar (${n} windows)`;
  if (costAxes[x].value(row) === null) return `no ${costAxes[x].name}`;
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
