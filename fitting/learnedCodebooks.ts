import { UserError } from "../formats/index.ts";
import { kMeans } from "./kMeans.ts";

export interface LearnedCodebooks {
  /** Row-major [rows, levels], each row ascending; a row with fewer distinct values repeats its last one. */
  values: Float32Array<ArrayBuffer>;
  /** Weighted squared error of each row under its own codebook. */
  squaredError: Float64Array<ArrayBuffer>;
}

/**
 * One codebook per row of a row-major matrix [rows, cols]: exact k-means of the row's values, each column weighted by
 * `columnWeights` (in any4, arXiv 2507.04610, the mean magnitude of its activations), default 1. Rows are taken as they
 * are: divide by group scales first where the format has them. Throws UserError naming the row.
 */
export function learnedCodebooks(
  matrix: Float32Array,
  rows: number,
  cols: number,
  levels: number,
  columnWeights?: ArrayLike<number>,
): LearnedCodebooks {
  if (!Number.isInteger(rows) || !Number.isInteger(cols) || rows < 1 || cols < 1 || matrix.length !== rows * cols) {
    throw new UserError(`${matrix.length} numbers, expected ${rows} × ${cols} of whole numbers of at least 1`);
  }
  if (!Number.isInteger(levels) || levels < 1 || levels > 256) {
    throw new UserError(`${levels} levels; expected a whole number from 1 to 256`);
  }
  const values = new Float32Array(rows * levels);
  const squaredError = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const clusters = rowClusters(matrix.subarray(row * cols, (row + 1) * cols), row, levels, columnWeights);
    squaredError[row] = clusters.squaredError;
    const own = values.subarray(row * levels, (row + 1) * levels);
    own.fill(clusters.values.at(-1)!);
    own.set(clusters.values);
  }
  return { values, squaredError };
}

function rowClusters(row: Float32Array, index: number, levels: number, weights?: ArrayLike<number>) {
  try {
    return kMeans(row, levels, weights);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`row ${index}: ${error.message}`) : error;
  }
}
