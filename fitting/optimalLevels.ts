import { UserError } from "../formats/index.ts";
import type { BlockLaw } from "./blockLaw.ts";
import { cellSums, expectedSquaredError, midpoints } from "./cells.ts";

/** A codebook of least expected squared error, and that error relative to the energy. */
export interface OptimalLevels {
  /** Ascending. */
  values: number[];
  relativeMse: number;
}

export interface Segment {
  /** Ends in units of the scale. Those named in `pinned` are levels that stay. */
  from: number;
  to: number;
  /** Free levels strictly between the ends. */
  free: number;
}

const STEPS_MAX = 2000;
/**
 * Rounding errors of an expected squared error, relative to the energy. A Newton step that changes it by less ends the
 * search: the levels before it were within about 1e-6 of the optimum, and its own error is the square of that.
 */
const NOISE = 3e-12;
/** Lloyd steps that bring Newton's method near enough. */
const LLOYD_FIRST = 10;
const GRID = 512;

/**
 * Least expected squared error with `free` levels in each segment and fixed `pinned` ones: Lloyd's iteration, then
 * Newton's method on its fixed-point equations (Jacobian tridiagonal), from a companding start. Throws UserError if that
 * does not settle.
 */
export function optimalLevels(block: BlockLaw, segments: readonly Segment[], pinned: readonly number[]): OptimalLevels {
  const start = segments.flatMap((segment) => companded(block, segment));
  let levels = Float64Array.from([...pinned, ...start]).sort();
  const isFree = levels.map((level) => (pinned.includes(level) ? 0 : 1));
  let error = expectedSquaredError(block, levels);
  for (let step = 0; step < STEPS_MAX; step++) {
    const newton = step < LLOYD_FIRST ? null : improve(block, levels, isFree, true);
    const newtonError = newton === null ? Number.POSITIVE_INFINITY : expectedSquaredError(block, newton);
    if (newton !== null && newtonError <= error + NOISE * block.energy) {
      const settled = newtonError >= error - NOISE * block.energy;
      levels = newton;
      error = newtonError;
      if (settled) return { values: [...levels], relativeMse: error / block.energy };
    } else {
      levels = improve(block, levels, isFree, false)!;
      error = expectedSquaredError(block, levels);
    }
  }
  throw new UserError(`no optimal codebook of ${levels.length} levels found in ${STEPS_MAX} steps`);
}

/** One Newton step (null if it leaves the ascending order), or one Lloyd step: each level to the centroid of its cell. */
function improve(
  block: BlockLaw,
  levels: Float64Array<ArrayBuffer>,
  isFree: Float64Array,
  newton: boolean,
): Float64Array<ArrayBuffer> | null {
  const cuts = midpoints(levels);
  const { weight, first } = cellSums(block, cuts);
  const n = levels.length;
  if (!newton) return levels.map((level, k) => (isFree[k] && weight[k]! > 0 ? first[k]! / weight[k]! : level));
  const at = cuts.map((cut) => 0.5 * weightAt(block, cut));
  // Thomas algorithm; a pinned level's row says that it does not move.
  const upper = new Float64Array(n);
  const right = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const above = k < n - 1 ? at[k]! * (cuts[k]! - levels[k]!) : 0;
    const below = k > 0 ? at[k - 1]! * (levels[k]! - cuts[k - 1]!) : 0;
    const diagonal = isFree[k] ? above + below - weight[k]! : 1;
    const pivot = diagonal - (isFree[k] && k > 0 ? below * upper[k - 1]! : 0);
    const target = isFree[k] ? levels[k]! * weight[k]! - first[k]! : 0;
    if (pivot === 0) return null;
    upper[k] = isFree[k] ? above / pivot : 0;
    right[k] = (target - (isFree[k] && k > 0 ? below * right[k - 1]! : 0)) / pivot;
  }
  const next = levels.slice();
  let move = 0;
  for (let k = n - 1; k >= 0; k--) {
    move = right[k]! - upper[k]! * move;
    next[k] = levels[k]! + move;
  }
  return next.every((level, k) => Number.isFinite(level) && (k === 0 || level > next[k - 1]!)) ? next : null;
}

/** Expected scale² × density of elements at y scales. */
function weightAt({ law, nodes }: BlockLaw, y: number): number {
  let sum = 0;
  for (const { scale, low, high, weight } of nodes) {
    if (y >= -low && y <= high) sum += weight * scale ** 3 * law.density(Math.abs(y) * scale);
  }
  return sum;
}

/** Levels as dense as the cube root of the density (Panter & Dite 1951), on a grid finer towards zero. */
function companded(block: BlockLaw, { from, to, free }: Segment): number[] {
  const reach = Math.max(-from, to);
  const place = (x: number) => (reach * Math.sinh(8 * x)) / Math.sinh(8);
  const inverse = (y: number) => Math.asinh((y / reach) * Math.sinh(8)) / 8;
  const a = inverse(from);
  const b = inverse(to);
  const cumulative = new Float64Array(GRID + 1);
  const at = (i: number) => place(a + ((b - a) * i) / GRID);
  for (let i = 1; i <= GRID; i++) {
    const middle = 0.5 * (at(i - 1) + at(i));
    cumulative[i] = cumulative[i - 1]! + Math.cbrt(Math.max(0, weightAt(block, middle))) * (at(i) - at(i - 1));
  }
  const total = cumulative[GRID]!;
  return Array.from({ length: free }, (_, k) => {
    const target = (total * (k + 0.5)) / free;
    const i = cumulative.findIndex((sum) => sum >= target);
    const share = (target - cumulative[i - 1]!) / (cumulative[i]! - cumulative[i - 1]!);
    return at(i - 1) + share * (at(i) - at(i - 1));
  });
}
