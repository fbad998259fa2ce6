import type { Kernel } from "../../formats/kernel.ts";
import type { Rounder } from "./part.ts";

/** Rows rounded side by side, interleaved, so that each gain is loaded once for all of them. */
const LANES = 4;

/** The grid of each weight if it is known beforehand, else how many columns share one and how it is fitted. */
export type FeedbackGrid =
  | { readonly at: (row: number, position: number) => Rounder }
  | { readonly group: number; readonly fit: (values: Float32Array, row: number, column: number) => Rounder };

/** Columns from … from + width of a matrix that `roundWithFeedback` rounds. */
export interface FeedbackBlock {
  readonly rows: number;
  readonly cols: number;
  readonly from: number;
  readonly width: number;
  /** Columns that share a fit. */
  readonly step: number;
  /** [rows, cols]. */
  readonly weights: Float32Array;
  /** [rows, stride] each: what the columns before the block add to its weights. */
  readonly sums: readonly Float32Array[];
  readonly stride: number;
  /** [width, width]: row k holds what column k gains from the error of each column before it. */
  readonly gains: Float64Array;
  /** The same from the weights before rounding, or null. */
  readonly drifts: Float64Array | null;
  /** [width], the diagonal of R. */
  readonly pivots: Float64Array;
  readonly grid: FeedbackGrid;
  /** [rows, cols] each, of which the block's columns are written: levels, errors, and weights before rounding. */
  readonly rounded: Float32Array;
  readonly errors: Float32Array;
  readonly updated: Float32Array | null;
}

/** Four rows of a block, [width, LANES] each; `scale` holds what each number's level is multiplied by. */
interface Lanes {
  readonly value: Float64Array;
  readonly error: Float64Array;
  readonly level: Float64Array;
  readonly scale: Float64Array;
}

/** Rounds the block's columns row by row. Returns Σ (what was rounded − what it became)² R_kk². */
export function roundBlock(block: FeedbackBlock): number {
  const { rows, cols, from, width, step, weights, sums, stride, gains, drifts, pivots, rounded, errors } = block;
  const lanesOf = () => new Float64Array(width * LANES);
  const state: Lanes = { value: lanesOf(), error: lanesOf(), level: lanesOf(), scale: lanesOf() };
  const weight = lanesOf();
  const rounders = new Array<Rounder>(width * LANES);
  let loss = 0;
  for (let row = 0; row < rows; row += LANES) {
    const lanes = Math.min(LANES, rows - row);
    for (let lane = 0; lane < lanes; lane++) {
      const at = (row + lane) * cols + from;
      for (let k = 0; k < width; k++) weight[k * LANES + lane] = weights[at + k]!;
    }
    state.value.set(weight);
    for (const sum of sums) addRows(state.value, sum, row * stride, stride, width, lanes);
    for (let start = 0; start < width; start += step) {
      const end = Math.min(start + step, width);
      if (start > 0) addBefore(gains, width, state.error, 0, start, state.value, start, end);
      if (start > 0 && drifts) addBefore(drifts, width, state.value, 0, start, state.value, start, end);
      collectRounders(block, row, lanes, start, end, state.value, rounders);
      const kernel = commonKernel(rounders, lanes, start, end, state.scale);
      for (let k = start; k < end; k++) {
        addBefore(gains, width, state.error, start, k, state.value, k, k + 1);
        if (drifts) addBefore(drifts, width, state.value, start, k, state.value, k, k + 1);
        if (kernel) roundColumn(kernel, state, k * LANES);
        else for (let at = k * LANES; at < k * LANES + lanes; at++) state.level[at] = rounders[at]!(state.value[at]!);
        for (let at = k * LANES; at < k * LANES + LANES; at++) state.error[at] = weight[at]! - state.level[at]!;
      }
    }
    for (let lane = 0; lane < lanes; lane++) {
      const at = (row + lane) * cols + from;
      for (let k = 0; k < width; k++) {
        const own = k * LANES + lane;
        rounded[at + k] = state.level[own]!;
        errors[at + k] = state.error[own]!;
        const missed = (state.value[own]! - state.level[own]!) * pivots[k]!;
        loss += missed * missed;
      }
      if (block.updated) for (let k = 0; k < width; k++) block.updated[at + k] = state.value[k * LANES + lane]!;
    }
  }
  return loss;
}

function addRows(into: Float64Array, rows: Float32Array, at: number, stride: number, width: number, lanes: number) {
  for (let lane = 0; lane < lanes; lane++) {
    for (let k = 0; k < width; k++) into[k * LANES + lane]! += rows[at + lane * stride + k]!;
  }
}

/** The rounders of columns start … end, [width, LANES]; where groups are dynamic they are fitted to `value`. */
function collectRounders(
  { grid, from }: FeedbackBlock,
  row: number,
  lanes: number,
  start: number,
  end: number,
  value: Float64Array,
  rounders: Rounder[],
): void {
  for (let lane = 0; lane < lanes; lane++) {
    if ("at" in grid) {
      for (let k = start; k < end; k++) rounders[k * LANES + lane] = grid.at(row + lane, from + k);
      continue;
    }
    const own = new Float32Array(end - start);
    for (let i = 0; i < own.length; i++) own[i] = value[(start + i) * LANES + lane]!;
    const round = grid.fit(own, row + lane, from + start);
    for (let k = start; k < end; k++) rounders[k * LANES + lane] = round;
  }
}

/** The kernel by which all numbers of these columns are rounded, their scales then written; null where there is none. */
function commonKernel(rounders: Rounder[], lanes: number, start: number, end: number, scale: Float64Array) {
  const kernel = rounders[start * LANES]!.scaled?.kernel;
  if (!kernel?.table) return null;
  for (let k = start; k < end; k++) {
    for (let at = k * LANES; at < k * LANES + lanes; at++) {
      const { scaled } = rounders[at]!;
      if (scaled?.kernel !== kernel) return null;
      scale[at] = scaled.scale;
    }
  }
  return kernel;
}

const quotients = new Float32Array(LANES);
const quotientBits = new Int32Array(quotients.buffer);

/** The levels of four values, as `roundRun` rounds. A quotient by scale 0 has a rank as well, whose level times 0 is 0. */
function roundColumn(kernel: Kernel, { value, level, scale }: Lanes, at: number): void {
  const { levels } = kernel.book;
  const { shift, offset, base, last } = kernel.table!;
  for (let lane = 0; lane < LANES; lane++) quotients[lane] = value[at + lane]! / scale[at + lane]!;
  for (let lane = 0; lane < LANES; lane++) {
    const bits = quotientBits[lane]!;
    const key = bits ^ ((bits >> 31) >>> 1);
    const cell = (key >> shift) + offset;
    level[at + lane] = Math.fround(levels[base[cell]! + ((last[cell]! - key) >>> 31)]! * scale[at + lane]!) + 0;
  }
}

/** into[k, lane] += Σ gains[k, j] of[j, lane] over first ≤ j < last, for start ≤ k < end. */
function addBefore(
  gains: Float64Array,
  width: number,
  of: Float64Array,
  first: number,
  last: number,
  into: Float64Array,
  start: number,
  end: number,
): void {
  for (let k = start; k < end; k++) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = first; j < last; j++) {
      const gain = gains[k * width + j]!;
      const at = j * LANES;
      s0 += gain * of[at]!;
      s1 += gain * of[at + 1]!;
      s2 += gain * of[at + 2]!;
      s3 += gain * of[at + 3]!;
    }
    const at = k * LANES;
    into[at]! += s0;
    into[at + 1]! += s1;
    into[at + 2]! += s2;
    into[at + 3]! += s3;
  }
}
