import { cutKey, nearestRank } from "../../../formats/book.ts";
import { groupFitter } from "../../../formats/groupFitter.ts";
import type { Format } from "../../../formats/index.ts";
import { scaleStores } from "../../../formats/scaleStores.ts";
import { roundGroups } from "../../../formats/simd/roundGroups.ts";
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
  /** Places of the levels in ascending order, and what they stand for in a group. */
  let order = Uint16Array.from(levels.keys());
  const table = new Float32Array(levels.length);
  const sums = new Float32Array(levels.length);
  const places = Float32Array.from(levels.keys());
  let scales: Float32Array = new Float32Array(bounds.length - 1);
  const { scaleOf } = groupFitter(format);
  const size = bounds[1]!;
  const even = scaleOf !== null && !scaleStores[format.store].outer && bounds.at(-1) === size * (bounds.length - 1);
  /** Writes the rank of each weight's level to `out`. */
  const rank = (latent: Float32Array, out: Float32Array) => {
    const cuts = Int32Array.from(order.subarray(1), (k, at) => cutKey(levels[order[at]!]!, levels[k]!, false));
    // Ranks stand in the levels' place: SIMD rounds to them.
    const book = { levels: places, cuts };
    const scaleIn = (min: number, max: number, g: number) => {
      scales[g] = scaleOf!(min, max, null, () => `group ${g} of ${matrix.name}`);
      return 1;
    };
    scales.fill(0);
    if (even && roundGroups(book, latent, out, size, scaleIn, false, scales)) return;
    scales = formatScales(format, matrix, latent, bounds.length - 1);
    for (let g = 0; g < scales.length; g++)
      for (let i = bounds[g]!, end = bounds[g + 1]!; i < end; i++)
        out[i] = scales[g] === 0 ? 0 : nearestRank(book, latent[i]! / scales[g]!);
  };
  return {
    parameters: new Map([["levels", levels]]),
    extraBits: levels.length * LEVEL_BITS,
    forward(latent, out) {
      order = Uint16Array.from(levels.keys()).sort((a, b) => levels[a]! - levels[b]!);
      rank(latent, out);
      for (let g = 0; g < scales.length; g++) {
        for (let r = 0; r < order.length; r++) table[r] = levels[order[r]!]! * scales[g]!;
        for (let i = bounds[g]!, end = bounds[g + 1]!; i < end; i++) {
          ranks[i] = out[i]!;
          out[i] = table[ranks[i]!]!;
        }
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
