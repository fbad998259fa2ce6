import { blockingOf, type Format, type Quantizer, quantizerOf } from "../../formats/index.ts";
import type { Grid, Layer, Rounder } from "./part.ts";

/** The format's own grid: each group's scale from its extremes, by the format's scale rule. */
export function extremesGrid(format: Format): Grid {
  let made: Quantizer | null = null;
  return {
    plain: true,
    fit(values) {
      // Formats whose groups are more than a scale have no such quantizer; `fakeQuantize` rounds them all the same.
      made ??= quantizerOf(format);
      return scaled(made, made.fitScale(values));
    },
  };
}

/** The nearest number at a stored scale. */
export function scaled(quantizer: Quantizer, scale: number): Rounder {
  return (value) => quantizer.round(value, scale);
}

/** A run of weights that share a grid, in memory order. */
export interface GroupSpan {
  readonly from: number;
  readonly to: number;
}

/** The groups of a matrix in memory order. Throws UserError for a group larger than the row. */
export function* groupsOf({
  matrix: { name, rows, cols },
  format,
}: Pick<Layer, "matrix" | "format">): Generator<GroupSpan> {
  const { lines, length, size } = blockingOf(format, rows, cols, { name });
  for (let line = 0; line < lines; line++) {
    const end = (line + 1) * length;
    for (let from = line * length; from < end; from += size) yield { from, to: Math.min(from + size, end) };
  }
}

/** Fits every group to `weights` beforehand: the grid at each place. */
export function fittedGrid(layer: Layer): (row: number, column: number) => Rounder {
  const { matrix, format, weights, grid } = layer;
  const { cols } = matrix;
  const { lines, size, groupsPerLine } = blockingOf(format, matrix.rows, cols, { name: matrix.name });
  const rounders = [...groupsOf(layer)].map(({ from, to }) => grid.fit(weights.subarray(from, to), from % cols));
  if (lines === 1 && size >= matrix.rows * cols) return () => rounders[0]!;
  return (row, column) => rounders[row * groupsPerLine + Math.floor(column / size)]!;
}
