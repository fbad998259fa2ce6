import { groupFitter } from "../../../formats/groupFitter.ts";
import type { Format } from "../../../formats/index.ts";
import { countAbove, thresholdsFor } from "./countAbove.ts";
import { extremesFits, fitsByExtremes } from "./extremesFits.ts";
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
  const thresholds = thresholdsFor(levels.length - 1);
  /** Places of the levels in ascending order, and what they stand for in a group. */
  let order = Uint16Array.from(levels.keys());
  const table = new Float32Array(levels.length);
  const sums = new Float32Array(levels.length);
  let scales: Float32Array = new Float32Array(bounds.length - 1);
  // Of plain scales, the sooner way to find them, which rounds as well.
  const fits = groupFitter(format).scaleOf !== null && fitsByExtremes(format) ? extremesFits(format, matrix) : null;
  const scalesOf = (latent: Float32Array, room: Float32Array) => {
    if (!fits) return formatScales(format, matrix, latent, bounds.length - 1);
    fits.round(latent, room);
    return fits.scales;
  };
  return {
    parameters: new Map([["levels", levels]]),
    extraBits: levels.length * LEVEL_BITS,
    forward(latent, out) {
      scales = scalesOf(latent, out);
      order = Uint16Array.from(levels.keys()).sort((a, b) => levels[a]! - levels[b]!);
      const middles = Float64Array.from(order.subarray(1), (k, at) => (levels[k]! + levels[order[at]!]!) / 2);
      for (let g = 0; g < scales.length; g++) {
        const [scale, from, to] = [scales[g]!, bounds[g]!, bounds[g + 1]!];
        countAbove(latent, from, to, scale, middles, thresholds, ranks);
        for (let rank = 0; rank < order.length; rank++) table[rank] = levels[order[rank]!]! * scale;
        for (let i = from; i < to; i++) out[i] = table[ranks[i]!]!;
      }
    },
    backward(_latent, _out, gradient, dLatent, into) {
      dLatent.set(gradient);
      sums.fill(0);
      for (let g = 0; g < scales.length; g++) {
        const scale = scales[g]!;
        for (let i = bounds[g]!, end = bounds[g + 1]!; i < end; i++) sums[ranks[i]!]! += scale * gradient[i]!;
      }
      const dLevels = into.get("levels")!;
      for (const [rank, level] of order.entries()) dLevels[level] = sums[rank]!;
    },
  };
}
