import { type Format, groupQuantizerOf } from "../../formats/index.ts";
import type { Moments } from "../calibration/index.ts";
import { groupBounds, type Matrix } from "./weights/groupSpans.ts";

/** BitDistiller's grid: shares 1, 0.95 … 0.55 of the group's largest and of its smallest value. */
const SHARES = Array.from({ length: 10 }, (_, i) => 1 - i / 20);
/** Queries and keys are not clipped, as in its code. */
const SKIPPED = /\b[qk]_proj\.weight$/;

/**
 * Clamps each group of a matrix to [a·min, b·max], the a and b of a 10 × 10 grid with the least δᵀHδ, δ being what rounding the
 * clamped group changes and H the moments of the group's inputs: the error of its part of the layer's output. In place.
 */
export function clipAsymmetrically(
  weights: Float32Array,
  matrix: Matrix,
  format: Format,
  { gram, columns }: Moments,
): void {
  if (SKIPPED.test(matrix.name) || format.group === "tensor") return;
  const quantizer = groupQuantizerOf(format, { ...matrix, weights });
  const bounds = groupBounds(format, matrix);
  for (let g = 0; g + 1 < bounds.length; g++) {
    const own = weights.subarray(bounds[g]!, bounds[g + 1]!);
    const column = bounds[g]! % columns;
    const [low, high] = [Math.min(...own), Math.max(...own)];
    let [best, least]: [Float32Array | null, number] = [null, Number.POSITIVE_INFINITY];
    for (const upper of high > 0 ? SHARES : [1]) {
      for (const lower of low < 0 ? SHARES : [1]) {
        const clamped = own.map((w) => Math.min(Math.max(w, low * lower), high * upper));
        const rounded = quantizer.round(clamped, quantizer.fit(clamped, g));
        const error = outputError(
          rounded.map((w, i) => w - own[i]!),
          gram,
          columns,
          column,
        );
        if (error < least) [best, least] = [clamped, error];
      }
    }
    if (best) own.set(best);
  }
}

/** δᵀHδ of the columns from `column` on: what a change of a group's weights makes of its part of the layer's output, in squares. */
export function outputError(delta: Float32Array, gram: ArrayLike<number>, columns: number, column: number): number {
  let sum = 0;
  for (let i = 0; i < delta.length; i++) {
    const at = (column + i) * columns + column;
    let along = 0;
    for (let j = 0; j < i; j++) along += gram[at + j]! * delta[j]!;
    sum += delta[i]! * (2 * along + gram[at + i]! * delta[i]!);
  }
  return sum;
}
