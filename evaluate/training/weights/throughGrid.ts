import { type Format, scaleRules, UserError } from "../../../formats/index.ts";
import { type ExtremesFits, extremesFits } from "./extremesFits.ts";
import type { Matrix } from "./groupSpans.ts";
import { learnedSlopes, type Reach } from "./learnedProgram.ts";
import type { TrainedGrid } from "./rule.ts";

/**
 * The format's own grid, differentiated through the extremes of each group, as autograd does in BitDistiller's quantizer:
 * rounding is the identity, clamping is real, and the scale follows from max and min. Where several weights are
 * the extreme, they share its gradient (torch.amax). Storing a scale in few bits counts as rounding.
 * Throws UserError for formats whose scale is not a function of the extremes.
 */
export function throughGrid(format: Format, matrix: Matrix): TrainedGrid {
  const fits = extremesFits(format, matrix);
  const rule = slopeRule(format, fits.scales.length);
  return {
    parameters: new Map(),
    extraBits: 0,
    forward: (latent, out) => fits.round(latent, out),
    backward(latent, out, gradient, dLatent) {
      const { bounds, mins, maxs, scales } = fits;
      const slopes = { max: 0, min: 0 };
      const signs = new Int32Array(latent.buffer, latent.byteOffset, latent.length);
      const passed = { fits, latent, signs, out, gradient, dLatent };
      rule.all?.(passed);
      for (let g = 0; g < scales.length; g++) {
        const [from, to] = [bounds[g]!, bounds[g + 1]!];
        if (scales[g] === 0) {
          dLatent.fill(0, from, to);
          continue;
        }
        const [max, min] = [maxs[g]!, mins[g]!];
        let [first, last, maxima, minima] = [from, from, 0, 0];
        for (let i = from; i < to; i++) {
          const w = latent[i]!;
          if (w === max) {
            first = i;
            maxima++;
          }
          if (w === min) {
            last = i;
            minima++;
          }
        }
        rule.one(passed, g, max, min, slopes);
        if (maxima === 1) dLatent[first]! += slopes.max;
        else share(latent, dLatent, from, to, max, slopes.max / maxima);
        if (minima === 1) dLatent[last]! += slopes.min;
        else share(latent, dLatent, from, to, min, slopes.min / minima);
      }
    },
  };
}

/** Adds `slope` to the gradient of each of the weights equal to `value`. */
function share(
  values: Float32Array,
  gradient: Float32Array,
  from: number,
  to: number,
  value: number,
  slope: number,
): void {
  for (let i = from; i < to; i++) if (values[i] === value) gradient[i]! += slope;
}

interface Passed {
  readonly fits: ExtremesFits;
  readonly latent: Float32Array;
  /** Its bits. */
  readonly signs: Int32Array;
  readonly out: Float32Array;
  readonly gradient: Float32Array;
  readonly dLatent: Float32Array;
}

/** How gradients pass through one kind of scale. */
interface SlopeRule {
  /** Writes the direct part of all groups' gradients to `dLatent`, where `one` does not. */
  all?(passed: Passed): void;
  /** Writes group g's gradient of its largest and smallest value to `slopes`, and the direct part to `dLatent`. */
  one(passed: Passed, g: number, max: number, min: number, slopes: { max: number; min: number }): void;
}

function slopeRule(format: Format, groups: number): SlopeRule {
  const rule = scaleRules[format.rule];
  if (format.selector === null && format.coder === "scaled") {
    if (format.rule === "twosided") return twoSided;
    if (format.rule === "minmax" || format.rule === "zeropoint") return zeroPoint(format.rule === "zeropoint");
    if ("fit" in rule && rule.ratios === undefined) {
      return ofScale(groups, (max, min, levels) => {
        const [low, high] = [Math.max(0, -levels[0]!), Math.max(0, levels.at(-1)!)];
        const at = (a: number, b: number) => rule.fit(Math.min(a, 0), Math.max(b, 0), low, high, high - levels.at(-2)!);
        // Such rules are piecewise linear in the extremes: differences are exact away from their kinks.
        const h = 1e-4 * Math.max(max, -min);
        return [(at(min, max + h) - at(min, max - h)) / (2 * h), (at(min + h, max) - at(min - h, max)) / (2 * h)];
      });
    }
  }
  throw new UserError(`${format.id}: its scale is not a function of a group's extremes alone; take another recipe`);
}

/** One scale: ŵ = s·level; in reach ∂ŵ/∂s = level − w/s, beyond it the end level, and the weight itself has none. */
function ofScale(
  groups: number,
  slope: (max: number, min: number, levels: Float32Array) => [max: number, min: number],
): SlopeRule {
  const [sums, offsets] = [new Float32Array(groups), new Float32Array(groups)];
  return {
    all({ fits: { bounds, levels, scales }, dLatent, ...operands }) {
      const [low, high] = [levels[0]!, levels.at(-1)!];
      const setReach = (g: number, reach: Reach) => {
        const scale = scales[g]!;
        reach.least = (scale < 0 ? high : low) * scale;
        reach.most = (scale < 0 ? low : high) * scale;
        reach.slope = 1;
      };
      const to = { dLatent, sums, offsets };
      learnedSlopes(operands, bounds, setReach, { hasRatio: true, passesAll: false }, to);
    },
    one({ fits: { levels, scales } }, g, max, min, slopes) {
      const [ofMax, ofMin] = slope(max, min, levels);
      slopes.max = (sums[g]! / scales[g]!) * ofMax;
      slopes.min = (sums[g]! / scales[g]!) * ofMin;
    },
  };
}

/** A scale for each side, s⁺ = max w and s⁻ = −min w over the codebook's ends: nothing lies beyond them. */
const twoSided: SlopeRule = {
  one({ fits, latent, signs, out, gradient, dLatent }, g, max, min, slopes) {
    const { bounds, levels, scales, lowers } = fits;
    let [all, below] = [0, 0];
    for (let i = bounds[g]!, end = bounds[g + 1]!; i < end; i++) {
      const w = latent[i]!;
      const each = gradient[i]! * (out[i]! - w);
      dLatent[i] = gradient[i]!;
      all += each;
      // The sign as a number: a branch would go either way at random.
      below += each * (signs[i]! >>> 31);
    }
    slopes.max = max > 0 ? (all - below) / scales[g]! / levels.at(-1)! : 0;
    slopes.min = min < 0 ? below / lowers[g]! / levels[0]! : 0;
  },
};

/**
 * ŵ = (clamp(round(w/s) + z) − z)·s with s = (max − min)/n. The zero point passes no gradient: BitDistiller's code rounds it
 * with a function whose derivative is zero.
 */
function zeroPoint(spansZero: boolean): SlopeRule {
  return {
    one({ fits, latent, out, gradient, dLatent }, g, max, min, slopes) {
      const { bounds, levels, scales, zeroPoints } = fits;
      const [low, high, scale, z] = [levels[0]!, levels.at(-1)!, scales[g]!, zeroPoints[g]!];
      const inverse = 1 / scale;
      const [lowest, beyond] = [low - z, high - z + 1];
      let sum = 0;
      for (let i = bounds[g]!, end = bounds[g + 1]!; i < end; i++) {
        const w = latent[i]!;
        const each = gradient[i]!;
        const moved = w * inverse + 0.5;
        if (moved >= lowest && moved < beyond) {
          dLatent[i] = each;
          sum += each * (out[i]! - w);
        } else {
          dLatent[i] = 0;
          sum += each * out[i]!;
        }
      }
      const narrow = max - min <= NARROW && !spansZero;
      const perUnit = narrow ? 0 : (sum * inverse) / (high - low);
      slopes.max = spansZero && max < 0 ? 0 : perUnit;
      slopes.min = spansZero && min > 0 ? 0 : -perUnit;
    },
  };
}

/** Below this range BitDistiller's scale is a constant. */
const NARROW = 1e-5;
