import type { Rounder } from "./part.ts";
import type { Products } from "./products.ts";

/** Columns rounded between two matrix products. */
const BLOCK = 128;
/** Rows rounded side by side. */
const LANES = 4;
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
  /** The grid of each weight if it is known beforehand, else how many columns share one and how it is fitted. */
  readonly grid:
    | { readonly at: (row: number, position: number) => Rounder }
    | { readonly group: number; readonly fit: (values: Float32Array, row: number, column: number) => Rounder };
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
    const gains = corner(upper, cols, from, width, true);
    const drifts = drift && corner(drift, cols, from, width, false);
    // Rows are independent: four go side by side, interleaved, so that each gain is loaded once for all of them.
    const value = new Float64Array(width * LANES);
    const error = new Float64Array(width * LANES);
    const before = new Float64Array(width * LANES);
    const step = group ?? width;
    const add = (k: number, start: number, end: number) => {
      addProducts(gains, k * width, error, start, end, value, k * LANES);
      if (drifts) addProducts(drifts, k * width, before, start, end, value, k * LANES);
    };
    for (let row = 0; row < rows; row += LANES) {
      const lanes = Math.min(LANES, rows - row);
      for (let lane = 0; lane < lanes; lane++) {
        for (let k = 0; k < width; k++) {
          let sum = weights[(row + lane) * cols + from + k]!;
          for (const each of sums) sum += each[(row + lane) * block + k]!;
          value[k * LANES + lane] = sum;
        }
      }
      for (let start = 0; start < width; start += step) {
        const end = Math.min(start + step, width);
        if (start > 0) for (let k = start; k < end; k++) add(k, 0, start);
        const fitted: Rounder[] = [];
        for (let lane = 0; lane < lanes && "fit" in grid; lane++) {
          const own = new Float32Array(end - start);
          for (let i = 0; i < own.length; i++) own[i] = value[(start + i) * LANES + lane]!;
          fitted.push(grid.fit(own, row + lane, from + start));
        }
        for (let k = start; k < end; k++) {
          add(k, start, k);
          const pivot = upper[(from + k) * (cols + 1)]!;
          for (let lane = 0; lane < lanes; lane++) {
            const wanted = value[k * LANES + lane]!;
            const round = "at" in grid ? grid.at(row + lane, from + k) : fitted[lane]!;
            const level = round(wanted);
            const at = (row + lane) * cols + from + k;
            const gap = weights[at]! - level;
            rounded[at] = level;
            errors[at] = gap;
            if (updated) updated[at] = wanted;
            error[k * LANES + lane] = gap;
            before[k * LANES + lane] = wanted;
            loss += ((wanted - level) * pivot) ** 2;
          }
        }
      }
    }
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

/** into[at + lane] += Σ a[offset + j] b[j, lane] over from ≤ j < to. */
function addProducts(
  a: Float64Array,
  offset: number,
  b: Float64Array,
  from: number,
  to: number,
  into: Float64Array,
  at: number,
): void {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let j = from; j < to; j++) {
    const gain = a[offset + j]!;
    const lane = j * LANES;
    s0 += gain * b[lane]!;
    s1 += gain * b[lane + 1]!;
    s2 += gain * b[lane + 2]!;
    s3 += gain * b[lane + 3]!;
  }
  into[at]! += s0;
  into[at + 1]! += s1;
  into[at + 2]! += s2;
  into[at + 3]! += s3;
}
