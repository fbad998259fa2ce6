import type { Kernel } from "../../formats/kernel.ts";
import { type FeedbackProgram, feedbackProgram, LANES } from "./feedbackProgram.ts";
import type { Rounder } from "./part.ts";

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

/** Rows of a block side by side, [width, LANES] each. */
interface Lanes {
  /** As given. */
  readonly weight: Float64Array;
  /** With what earlier columns add, once they are reached. */
  readonly value: Float64Array;
  readonly level: Float64Array;
  /** weight − level. */
  readonly error: Float64Array;
  /** What each level is multiplied by. */
  readonly scale: Float64Array;
  readonly rounders: Rounder[];
}

/** Rounds the block's columns row by row. Returns Σ (what was rounded − what it became)² R_kk². */
export function roundBlock(block: FeedbackBlock): number {
  const { rows, cols, from, width, weights, sums, stride } = block;
  const program = feedbackProgram(width);
  program.gains.set(block.gains);
  if (block.drifts) program.drifts.set(block.drifts);
  const empty = () => new Float64Array(width * LANES);
  const { value, error } = program;
  const state: Lanes = { weight: empty(), value, level: empty(), error, scale: empty(), rounders: [] };
  let loss = 0;
  for (let row = 0; row < rows; row += LANES) {
    const lanes = Math.min(LANES, rows - row);
    state.weight.fill(0);
    addRows(state.weight, weights, row * cols + from, cols, width, lanes);
    value.set(state.weight);
    for (const sum of sums) addRows(value, sum, row * stride, stride, width, lanes);
    roundLanes(block, program, state, row, lanes);
    takeRows(block.rounded, state.level, row * cols + from, cols, width, lanes);
    takeRows(block.errors, error, row * cols + from, cols, width, lanes);
    if (block.updated) takeRows(block.updated, value, row * cols + from, cols, width, lanes);
    loss += lossOf(state, block.pivots, lanes);
  }
  return loss;
}

function roundLanes(block: FeedbackBlock, program: FeedbackProgram, state: Lanes, row: number, lanes: number): void {
  const { width, step, drifts } = block;
  const { value, level, rounders } = state;
  for (let start = 0; start < width; start += step) {
    const end = Math.min(start + step, width);
    for (let k = start; k < end; k++) {
      program.add("gains", k, 0, start);
      if (drifts) program.add("drifts", k, 0, start);
    }
    collectRounders(block, row, lanes, start, end, value, rounders);
    const kernel = commonKernel(rounders, lanes, start, end, state.scale);
    for (let k = start; k < end; k++) {
      program.add("gains", k, start, k);
      if (drifts) program.add("drifts", k, start, k);
      const at = k * LANES;
      if (kernel) roundColumn(kernel, state, at);
      else for (let i = at; i < at + lanes; i++) level[i] = rounders[i]!(value[i]!);
      for (let i = at; i < at + LANES; i++) state.error[i] = state.weight[i]! - level[i]!;
    }
  }
}

function lossOf({ value, level }: Lanes, pivots: Float64Array, lanes: number): number {
  let loss = 0;
  for (let k = 0; k < pivots.length; k++) {
    for (let i = k * LANES; i < k * LANES + lanes; i++) {
      const missed = (value[i]! - level[i]!) * pivots[k]!;
      loss += missed * missed;
    }
  }
  return loss;
}

function addRows(into: Float64Array, rows: Float32Array, at: number, stride: number, width: number, lanes: number) {
  for (let lane = 0; lane < lanes; lane++) {
    for (let k = 0; k < width; k++) into[k * LANES + lane]! += rows[at + lane * stride + k]!;
  }
}

function takeRows(rows: Float32Array, from: Float64Array, at: number, stride: number, width: number, lanes: number) {
  for (let lane = 0; lane < lanes; lane++) {
    for (let k = 0; k < width; k++) rows[at + lane * stride + k] = from[k * LANES + lane]!;
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

/** The levels of a column's values, as `roundRun` rounds. A quotient by scale 0 has a rank as well, whose level times 0 is 0. */
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
