import { type BlockingOptions, blockingOf } from "./blocking.ts";
import { coders } from "./coder.ts";
import { UserError } from "./error.ts";
import type { Format } from "./format.ts";
import { groupFitter } from "./groupFitter.ts";
import { forEachGroup } from "./groups.ts";
import { outerOf, outerScales } from "./outerScales.ts";
import { roundGroups } from "./simd/roundGroups.ts";

/** What rounding a matrix did. Relative mean squared error is sumSquaredError / sumSquares. */
export interface RoundingError {
  sumSquaredError: number;
  sumSquares: number;
  groups: number;
  /** Groups of zeros only; they stay exactly zero. */
  zeroGroups: number;
}

/**
 * Quantizes and dequantizes a row-major matrix [rows, cols] into `out` (may be `weights` itself), bit-identical to
 * dequantize(quantize(…)). Throws UserError for non-finite weights (naming the place), wrong lengths, a group larger
 * than the row (unless options.oversizeGroup is "row"), and a scale too large for the format's scale store; `out` is
 * then partly written.
 */
export function fakeQuantize(
  weights: Float32Array,
  rows: number,
  cols: number,
  format: Format,
  out: Float32Array,
  options: BlockingOptions = {},
): RoundingError {
  const name = options.name ?? "the matrix";
  if (out.length !== weights.length)
    throw new UserError(`${name}: output of ${out.length} numbers for ${weights.length}`);
  const fitter = groupFitter(format);
  const blocking = blockingOf(format, rows, cols, options);
  const outer = outerScales(format, fitter, weights, rows, cols, options);
  const { scaleOf } = fitter;
  const where = (index: number) => () => `group ${index} of ${name}`;
  const outerAt = (index: number) => outerOf(format, outer, blocking, index);
  if (scaleOf !== null && blocking.length % blocking.size === 0 && weights.length === rows * cols) {
    const fast = roundGroups(fitter.kernels[0]!.book, weights, out, blocking.size, (min, max, index) =>
      scaleOf(min, max, outerAt(index), where(index)),
    );
    if (fast !== null) return fast;
  }
  const coder = coders[format.coder];
  const result: RoundingError = { sumSquaredError: 0, sumSquares: 0, groups: 0, zeroGroups: 0 };
  forEachGroup(weights, rows, cols, format, options, (span) => {
    const { index, from, to, min, max } = span;
    const fit = fitter.fit(weights, span, outerAt(index), where(index));
    result.groups++;
    if (min === 0 && max === 0) result.zeroGroups++;
    result.sumSquares += span.sumSquares;
    result.sumSquaredError += coder.round(fitter.kernels, fit, format.tie, weights, out, from, to);
  });
  return result;
}
