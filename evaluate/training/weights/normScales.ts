import { type Kernel, roundRun } from "../../../formats/kernel.ts";

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
  return largest.map((scale, g) => {
    let [best, least] = [scale, Number.POSITIVE_INFINITY];
    for (let k = points; k > 0 && scale !== 0; k--) {
      const tried = (scale * k) / points;
      roundRun(kernel, weights, rounded, bounds[g]!, bounds[g + 1]!, tried);
      let error = 0;
      for (let i = bounds[g]!; i < bounds[g + 1]!; i++) error += Math.abs(weights[i]! - rounded[i]!) ** norm;
      if (error < least) [best, least] = [tried, error];
    }
    return best;
  });
}
