import { type FeedbackBlock, type FeedbackGrid, roundBlock } from "./feedbackBlock.ts";
import type { Products } from "./products.ts";

/** Columns rounded between two matrix products. */
const BLOCK = 128;
/** Groups up to this length are fitted to the updated weights; longer ones hold most of a row and are fitted beforehand. */
export const DYNAMIC_GROUP_MAX = 512;

export interface FeedbackInput {
  readonly rows: number;
  readonly cols: number;
  /** [rows, cols], columns in the order in which they are rounded. */
  readonly weights: Float32Array;
  /** R of `factorize`, in that order. */
  readonly upper: Float64Array;
  /** Strictly upper triangular: what column k gains from each earlier column's weight before it was rounded (GPTAQ). */
  readonly drift: Float64Array | null;
  readonly grid: FeedbackGrid;
  readonly products: Products;
}

/**
 * Rounds a matrix column by column, handing each column's error on to the columns not yet rounded so that the layer's
 * output changes least: GPTQ (Frantar et al. 2023) in the form of LDLQ (Chee et al. 2023, who prove them equal). With
 * H = R Rᵀ, R upper, column k is rounded from w_k + Σ_{j<k} (w_j − ŵ_j) R_jk / R_kk, w being the weights given.
 * GPTQ's own form takes chol(H⁻¹); this one needs no inverse, and the sum over the columns before a block is one
 * matrix product. Groups are fitted when their first column is reached, to weights that hold every update so far.
 * Returns the rounded weights in the same order, and their loss tr (W − Ŵ) H (W − Ŵ)ᵀ, which without drift is the sum of
 * (what was rounded − what it became)² R_kk².
 */
export async function roundWithFeedback(input: FeedbackInput): Promise<{ weights: Float32Array; loss: number }> {
  const { rows, cols, weights, upper, drift, grid, products } = input;
  const group = "group" in grid ? grid.group : null;
  const block = group === null ? BLOCK : group * Math.ceil(BLOCK / group);
  const rounded = new Float32Array(rows * cols);
  let loss = 0;
  // Of the columns not yet reached both are zero, so that products of one shape serve all blocks.
  const errors = new Float32Array(rows * cols);
  const updated = drift && new Float32Array(rows * cols);
  for (let from = 0; from < cols; from += block) {
    const width = Math.min(block, cols - from);
    const sums: Float32Array[] = [];
    if (from > 0) {
      const panel = (matrix: Float64Array, scaled: boolean) => panelOf(matrix, cols, from, width, block, scaled);
      sums.push(await products.multiply(errors, panel(upper, true), rows, cols, block));
      if (drift) sums.push(await products.multiply(updated!, panel(drift, false), rows, cols, block));
    }
    const state: FeedbackBlock = {
      rows,
      cols,
      from,
      width,
      stride: block,
      step: group ?? width,
      weights,
      sums,
      gains: corner(upper, cols, from, width, true),
      drifts: drift && corner(drift, cols, from, width, false),
      pivots: Float64Array.from({ length: width }, (_, k) => upper[(from + k) * (cols + 1)]!),
      grid,
      rounded,
      errors,
      updated,
    };
    loss += roundBlock(state);
  }
  return { weights: rounded, loss };
}

/** Columns from … of the rows before them, [cols, block] with zeros elsewhere; divided by the diagonal if `scaled`. */
function panelOf(matrix: Float64Array, cols: number, from: number, width: number, block: number, scaled: boolean) {
  const panel = new Float32Array(cols * block);
  for (let j = 0; j < from; j++) {
    for (let k = 0; k < width; k++) {
      const divisor = scaled ? matrix[(from + k) * cols + from + k]! : 1;
      panel[j * block + k] = matrix[j * cols + from + k]! / divisor;
    }
  }
  return panel;
}

/** The block on the diagonal, transposed: row k holds what column k gains from each column before it. */
function corner(matrix: Float64Array, cols: number, from: number, width: number, scaled: boolean): Float64Array {
  const out = new Float64Array(width * width);
  for (let k = 0; k < width; k++) {
    const divisor = scaled ? matrix[(from + k) * cols + from + k]! : 1;
    for (let j = 0; j < k; j++) out[k * width + j] = matrix[(from + j) * cols + from + k]! / divisor;
  }
  return out;
}
