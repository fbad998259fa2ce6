import type { BlockingOptions } from "./blocking.ts";
import { UserError } from "./error.ts";
import type { Format } from "./format.ts";
import { forEachGroup } from "./groups.ts";
import { kernelOf, roundRun, storedScale } from "./kernel.ts";

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
  if (out.length !== weights.length) {
    throw new UserError(`${options.name ?? "the matrix"}: output of ${out.length} numbers for ${weights.length}`);
  }
  const kernel = kernelOf(format);
  const result: RoundingError = { sumSquaredError: 0, sumSquares: 0, groups: 0, zeroGroups: 0 };
  forEachGroup(weights, rows, cols, format, options, ({ index, from, to, min, max, sumSquares }) => {
    const scale = storedScale(format, kernel, min, max, () => `group ${index} of ${options.name ?? "the matrix"}`);
    result.groups++;
    if (scale === 0) result.zeroGroups++;
    result.sumSquares += sumSquares;
    result.sumSquaredError += roundRun(kernel, weights, out, from, to, scale);
  });
  return result;
}
