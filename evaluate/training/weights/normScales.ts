import type { Kernel } from "../../../formats/kernel.ts";
import { roundScaled } from "./roundScaled.ts";

/** A grid search for scales that leave the least Σ|w − ŵ|^norm. */
export interface ScaleNorm {
  readonly norm: number;
  readonly points: number;
}

/** For each group the one of `points` fractions of its scale with the least L_p error (LR-QAT: p = 4, 100 points). */
export function normScales(
  kernel: Kernel,
  bounds: Uint32Array,
  weights: Float32Array,
  { norm, points }: ScaleNorm,
  largest: Float32Array,
): Float32Array {
  const rounded = new Float32Array(weights.length);
  const best = largest.slice();
  const least = new Float64Array(best.length).fill(Number.POSITIVE_INFINITY);
  for (let k = points; k > 0; k--) {
    const tried = largest.map((scale) => (scale * k) / points);
    roundScaled(kernel, bounds, weights, tried, rounded);
    for (let g = 0; g < best.length; g++) {
      const error = normError(weights, rounded, bounds[g]!, bounds[g + 1]!, norm);
      if (error < least[g]!) [best[g], least[g]] = [tried[g]!, error];
    }
  }
  return best;
}

function normError(values: Float32Array, rounded: Float32Array, from: number, to: number, norm: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const squared = (values[i]! - rounded[i]!) ** 2;
    // A general power takes ten times as long.
    sum += norm === 4 ? squared * squared : squared ** (norm / 2);
  }
  return sum;
}
