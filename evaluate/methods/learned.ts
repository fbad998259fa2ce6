import { kMeans } from "../../fitting/index.ts";
import { groupQuantizerOf, quantizerOf, UserError } from "../../formats/index.ts";
import { groupsOf } from "./grid.ts";
import type { Grid, RangePart, Ungridded } from "./part.ts";

/** A learned level is stored in half precision. */
const LEVEL_BITS = 16;
/** Veltkamp's splitting with this factor keeps the 11 leading bits of a double, the significand of half precision. */
const SPLIT = 2 ** 42 + 1;

/** What an error of 1 in each weight costs. */
type Importance = (layer: Ungridded) => (index: number) => number;

/**
 * A codebook of its own for each output row, with as many levels as the format has codes, on weights divided by the
 * format's group scales: exact one-dimensional k-means, each weight counting by s² times its importance.
 */
function learnedGrid(layer: Ungridded, importance: Importance): Grid {
  const { matrix, format, weights } = layer;
  const { rows, cols } = matrix;
  if (format.group === "tensor") throw new UserError(`${format.id}: learned codebooks need groups within a row`);
  const quantizer = quantizerOf(format);
  const groups = groupQuantizerOf(format, { ...matrix, weights });
  const levels = 2 ** quantizer.format.element!.bits;
  const spans = [...groupsOf(layer)];
  const points = new Float64Array(weights.length);
  const costs = new Float64Array(weights.length);
  const importanceOf = importance(layer);
  for (const { from, to, index } of spans) {
    const { scale } = groups.fit(weights.subarray(from, to), index);
    for (let i = from; i < to && scale !== 0; i++) {
      points[i] = weights[i]! / scale;
      costs[i] = scale * scale * importanceOf(i);
    }
  }
  const books = Array.from({ length: rows }, (_, row) => {
    const own = costs.subarray(row * cols, (row + 1) * cols);
    // A row of zeros, or one that nothing depends on, keeps the format's own levels.
    if (!own.some((cost) => cost > 0)) return Float64Array.from(quantizer.levels);
    const { values } = kMeans(points.subarray(row * cols, (row + 1) * cols), levels, own);
    return values.map((value) => value * SPLIT - (value * SPLIT - value));
  });
  return {
    plain: false,
    extraBits: rows * levels * LEVEL_BITS,
    fit(values, { row, index }) {
      const { scale } = groups.fit(values, index);
      const book = books[row]!;
      return (value) => (scale === 0 ? 0 : nearestOf(book, value / scale) * scale);
    },
  };
}

/** The value nearest to x in an ascending list; the lower one of two equally near. */
function nearestOf(book: Float64Array, x: number): number {
  let [low, high] = [0, book.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (2 * x > book[middle]! + book[middle + 1]!) low = middle + 1;
    else high = middle;
  }
  return book[low]!;
}

/**
 * Weighted by what an error costs at the layer's output, E[x_j²]: the best that any scalar datatype of that width could do
 * row by row. any4 (Elhoushi & Johnson 2025) weighs by s |E[x_j]| instead of s² E[x_j²].
 */
export const learned: RangePart = {
  slot: "range",
  id: "learned",
  summary: "learn a codebook for each output row, as wide as the format's",
  calibration: "inputs",
  options: {},
  ownLevels: true,
  act: () => (layer) =>
    learnedGrid(
      layer,
      ({ matrix: { cols }, moments }) =>
        (i) =>
          moments!.gram[(i % cols) * (cols + 1)]!,
    ),
};

/** Weighted by what an error costs in the model's loss: SqueezeLLM's codebooks (Kim et al. 2023), with groups of one row. */
export const learnedFisher: RangePart = {
  ...learned,
  id: "learned-fisher",
  summary: "the same, each weight counting by its Fisher information",
  needsFisher: true,
  act: () => (layer) =>
    learnedGrid(
      layer,
      ({ fisher }) =>
        (i) =>
          fisher![i]!,
    ),
};
