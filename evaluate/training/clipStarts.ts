import { type Format, groupQuantizerOf, UserError } from "../../formats/index.ts";
import type { Moments } from "../calibration/index.ts";
import { outputError } from "./asymmetricClip.ts";
import { groupBounds, type Matrix } from "./weights/groupSpans.ts";

/** Shares of a group's range that are tried: σ of a clip parameter, which ends at 1. */
const SHARES = [0.98, ...Array.from({ length: 10 }, (_, i) => 0.95 - i / 20)];

/**
 * For each group the clip parameter γ whose share σ(γ) of its range leaves the least error of the layer's output, the first of equals.
 * Throws UserError for one group of a whole matrix, which is no part of an output.
 */
export function clipStarts(
  weights: Float32Array,
  matrix: Matrix,
  format: Format,
  { gram, columns }: Pick<Moments, "gram" | "columns">,
): Float32Array {
  if (format.group === "tensor")
    throw new UserError(`${format.id}: clips begin by the output of each group's rows; one of a whole matrix has none`);
  const quantizer = groupQuantizerOf(format, { ...matrix, weights });
  const bounds = groupBounds(format, matrix);
  return Float32Array.from({ length: bounds.length - 1 }, (_, g) => {
    const own = weights.subarray(bounds[g]!, bounds[g + 1]!);
    const [low, high] = [Math.min(0, ...own), Math.max(0, ...own)];
    const errors = SHARES.map((share) => {
      const clamped = own.map((w) => Math.min(Math.max(w, low * share), high * share));
      const rounded = quantizer.round(clamped, quantizer.fit(clamped, g));
      return outputError(
        rounded.map((w, i) => w - own[i]!),
        gram,
        columns,
        bounds[g]! % columns,
      );
    });
    const share = SHARES[errors.indexOf(Math.min(...errors))]!;
    return Math.log(share / (1 - share));
  });
}
