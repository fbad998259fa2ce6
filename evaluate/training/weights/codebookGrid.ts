import type { Format } from "../../../formats/index.ts";
import { groupBounds, type Matrix } from "./groupSpans.ts";
import { formatScales, plainKernel } from "./learnedGrid.ts";
import type { TrainedGrid } from "./rule.ts";

const LEVEL_BITS = 16;

/**
 * The levels of the codebook as parameters, one set for each matrix, on the format's own scales (any4's refinement by
 * gradient): ∂ŵ/∂c_k is the scale where the weight is at level k. A weight is rounded to the nearest level as they are.
 */
export function codebookGrid(format: Format, matrix: Matrix): TrainedGrid {
  const levels = Float32Array.from(plainKernel(format).book.levels);
  const bounds = groupBounds(format, matrix);
  const ranks = new Uint16Array(matrix.rows * matrix.cols);
  let scales = new Float32Array(bounds.length - 1);
  return {
    parameters: new Map([["levels", levels]]),
    extraBits: levels.length * LEVEL_BITS,
    forward(latent, out) {
      scales = Float32Array.from(formatScales(format, matrix, latent, scales.length));
      const order = [...levels.keys()].sort((a, b) => levels[a]! - levels[b]!);
      const sorted = Float32Array.from(order, (k) => levels[k]!);
      for (let g = 0; g < scales.length; g++) {
        const scale = scales[g]!;
        for (let i = bounds[g]!; i < bounds[g + 1]!; i++) {
          const rank = scale === 0 ? 0 : order[nearest(sorted, latent[i]! / scale)]!;
          ranks[i] = rank;
          out[i] = levels[rank]! * scale;
        }
      }
    },
    backward(_latent, _out, gradient, dLatent, into) {
      dLatent.set(gradient);
      const dLevels = into.get("levels")!.fill(0);
      for (let g = 0; g < scales.length; g++)
        for (let i = bounds[g]!; i < bounds[g + 1]!; i++) dLevels[ranks[i]!]! += scales[g]! * gradient[i]!;
    },
  };
}

/** Index of the value nearest to x in an ascending list; the lower one of two equally near. */
function nearest(sorted: Float32Array, x: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (2 * x > sorted[middle]! + sorted[middle + 1]!) low = middle + 1;
    else high = middle;
  }
  return low;
}
