import { isPlain, plainFit } from "../../formats/groupFit.ts";
import { groupFitter } from "../../formats/groupFitter.ts";
import { blockingOf, groupQuantizerOf } from "../../formats/index.ts";
import { scaleStores } from "../../formats/scaleStores.ts";
import type { Grid, Layer, Place, Rounder, Ungridded } from "./part.ts";

/**
 * The format's own grid: each group fitted by the format's rule. Of formats whose numbers cannot be rounded one at a time
 * (OliVe, HiF4) the grid is refused when it is asked for; `fakeQuantize` rounds them all the same.
 */
export function formatGrid({ format, matrix, weights }: Ungridded): Grid {
  let made: ReturnType<typeof groupQuantizerOf> | null = null;
  const { kernels, scaleOf } = groupFitter(format);
  const nested = scaleStores[format.store].outer !== undefined;
  return {
    plain: true,
    fit(values, { index }) {
      made ??= groupQuantizerOf(format, { ...matrix, weights });
      const quantizer = made;
      const range = scaleOf && !nested ? extremes(values) : null;
      const fitted = range
        ? plainFit(0, range.min === range.max ? 0 : scaleOf!(range.min, range.max, null, () => "a group"))
        : quantizer.fit(values, index);
      const round = (value: number) => quantizer.roundOne(value, fitted);
      if (format.coder !== "scaled" || !isPlain(fitted)) return round;
      return Object.assign(round, { scaled: { kernel: kernels[fitted.choice]!, scale: fitted.scale } });
    },
  };
}

/** Extremes of a group, 0 included; null if one is not finite. */
function extremes(values: Float32Array): { min: number; max: number } | null {
  let [min, max, sum] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value * 0; // NaN from then on, where one is not finite
  }
  return sum === 0 ? { min, max } : null;
}

/** A run of weights that share a grid, in memory order. */
export interface GroupSpan extends Place {
  readonly from: number;
  readonly to: number;
}

/** The groups of a matrix in memory order. Throws UserError for a group larger than the row. */
export function* groupsOf({ matrix, format }: Pick<Layer, "matrix" | "format">): Generator<GroupSpan> {
  const { name, rows, cols } = matrix;
  const { lines, length, size } = blockingOf(format, rows, cols, { name });
  let index = 0;
  for (let line = 0; line < lines; line++) {
    const end = (line + 1) * length;
    for (let from = line * length; from < end; from += size) {
      yield { index, row: Math.floor(from / cols), column: from % cols, from, to: Math.min(from + size, end) };
      index++;
    }
  }
}

/** Fits every group to `weights` beforehand: the grid at each place. */
export function fittedGrid(layer: Layer): (row: number, column: number) => Rounder {
  const { matrix, format, weights, grid } = layer;
  const { rows, cols, name } = matrix;
  const { lines, size, groupsPerLine } = blockingOf(format, rows, cols, { name });
  const rounders = [...groupsOf(layer)].map((group) => grid.fit(weights.subarray(group.from, group.to), group));
  if (lines === rows) return (row, column) => rounders[row * groupsPerLine + Math.floor(column / size)]!;
  return (row, column) => rounders[Math.floor((row * cols + column) / size)]!;
}
