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
      const middles = Float64Array.from(order.slice(1), (k, at) => (levels[k]! + levels[order[at]!]!) / 2);
      for (let g = 0; g < scales.length; g++) {
        const scale = scales[g]!;
        for (let i = bounds[g]!; i < bounds[g + 1]!; i++) {
          const ratio = scale === 0 ? 0 : latent[i]! / scale;
          let above = 0;
          // As many comparisons as levels, none of which the processor has to foresee.
          for (let k = 0; k < middles.length; k++) above += Number(ratio > middles[k]!);
          const rank = order[above]!;
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
