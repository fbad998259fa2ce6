import { coders } from "../../../formats/coder.ts";
import type { GroupFit } from "../../../formats/groupFit.ts";
import { kernelsOf } from "../../../formats/groupFitter.ts";
import { type Format, scaleRules, UserError } from "../../../formats/index.ts";
import { forEachFit, formatGrid } from "./formatGrid.ts";
import type { Matrix } from "./groupSpans.ts";
import type { TrainedGrid } from "./rule.ts";

/** Gradients of what a group's fit follows from: its largest and its smallest value. */
interface Slopes {
  max: number;
  min: number;
}

/**
 * The format's own grid, differentiated through the extremes of each group, as autograd does in BitDistiller's quantizer:
 * rounding is the identity, clamping is real, and the scale follows from max and min. Where several weights are
 * the extreme, they share its gradient (torch.amax). Storing a scale in few bits counts as rounding.
 * Throws UserError for formats whose scale is not a function of the extremes.
 */
export function throughGrid(format: Format, matrix: Matrix): TrainedGrid {
  const slopesOf = slopeRule(format);
  const plain = formatGrid(format, matrix, { straightThrough: "identity" });
  const fits: { fit: GroupFit; from: number; to: number; levels: Float32Array }[] = [];
  const kernels = kernelsOf(format);
  return {
    ...plain,
    forward(latent, out) {
      fits.length = 0;
      forEachFit(latent, format, matrix, (fit, from, to, levels) => {
        fits.push({ fit, from, to, levels });
        coders[format.coder].round(kernels, fit, format.tie, latent, out, from, to);
      });
    },
    backward(latent, out, gradient, dLatent) {
      dLatent.fill(0);
      for (const { fit, from, to, levels } of fits) {
        if (fit.scale === 0) continue;
        const { max, min } = extremes(latent, from, to);
        const slopes = slopesOf({ fit, from, to, levels, latent, out, gradient, dLatent, max, min });
        share(latent, dLatent, from, to, max, slopes.max);
        share(latent, dLatent, from, to, min, slopes.min);
      }
    },
  };
}

interface Group {
  readonly fit: GroupFit;
  readonly from: number;
  readonly to: number;
  readonly levels: Float32Array;
  readonly latent: Float32Array;
  readonly out: Float32Array;
  readonly gradient: Float32Array;
  readonly dLatent: Float32Array;
  readonly max: number;
  readonly min: number;
}

/** Adds the direct part of a group's gradient to dLatent and gives that of its extremes. */
type SlopeRule = (group: Group) => Slopes;

function slopeRule(format: Format): SlopeRule {
  const rule = scaleRules[format.rule];
  if (format.selector === null) {
    if (format.rule === "twosided") return twoSided;
    if (format.rule === "minmax" || format.rule === "zeropoint") return zeroPoint(format.rule === "zeropoint");
    if ("fit" in rule && rule.ratios === undefined) {
      return ofScale((max, min, { levels }) => {
        const [low, high] = [Math.max(0, -levels[0]!), Math.max(0, levels.at(-1)!)];
        const at = (a: number, b: number) => rule.fit(Math.min(a, 0), Math.max(b, 0), low, high, high - levels.at(-2)!);
        // Such rules are piecewise linear in the extremes: differences are exact away from their kinks.
        const h = 1e-4 * Math.max(max, -min);
        return {
          max: (at(min, max + h) - at(min, max - h)) / (2 * h),
          min: (at(min + h, max) - at(min - h, max)) / (2 * h),
        };
      });
    }
  }
  throw new UserError(`${format.id}: its scale is not a function of a group's extremes alone; take another recipe`);
}

/** One scale: ŵ = s·level; in reach ∂ŵ/∂s = level − w/s, beyond it the end level, and the weight itself has none. */
function ofScale(slope: (max: number, min: number, group: Group) => Slopes): SlopeRule {
  return (group) => {
    const { fit, from, to, levels, latent, out, gradient, dLatent } = group;
    const [low, high] = [levels[0]!, levels.at(-1)!];
    let dScale = 0;
    for (let i = from; i < to; i++) {
      const [ratio, level] = [latent[i]! / fit.scale, out[i]! / fit.scale];
      const within = ratio >= low && ratio <= high;
      if (within) dLatent[i] = gradient[i]!;
      dScale += gradient[i]! * (level - (within ? ratio : 0));
    }
    const { max, min } = slope(group.max, group.min, group);
    return { max: dScale * max, min: dScale * min };
  };
}

/** A scale for each side, s⁺ = max w and s⁻ = −min w over the codebook's ends: nothing lies beyond them. */
const twoSided: SlopeRule = ({ fit, from, to, levels, latent, out, gradient, dLatent, max, min }) => {
  const sums = { upper: 0, lower: 0 };
  for (let i = from; i < to; i++) {
    const w = latent[i]!;
    const scale = w < 0 ? fit.lower : fit.scale;
    dLatent[i] = gradient[i]!;
    sums[w < 0 ? "lower" : "upper"] += (gradient[i]! * (out[i]! - w)) / scale;
  }
  return { max: max > 0 ? sums.upper / levels.at(-1)! : 0, min: min < 0 ? sums.lower / levels[0]! : 0 };
};

/**
 * ŵ = (clamp(round(w/s) + z) − z)·s with s = (max − min)/n. The zero point passes no gradient: BitDistiller's code rounds it
 * with a function whose derivative is zero.
 */
function zeroPoint(spansZero: boolean): SlopeRule {
  return ({ fit, from, to, levels, latent, out, gradient, dLatent, max, min }) => {
    const [low, high] = [levels[0]!, levels.at(-1)!];
    const { scale } = fit;
    const z = fit.zeroPoint!;
    let dScale = 0;
    for (let i = from; i < to; i++) {
      const ratio = latent[i]! / scale;
      const moved = Math.round(ratio) + z;
      const within = moved >= low && moved <= high;
      if (within) dLatent[i] = gradient[i]!;
      dScale += gradient[i]! * (out[i]! / scale - (within ? ratio : 0));
    }
    const narrow = max - min <= NARROW && !spansZero;
    const perUnit = narrow ? 0 : dScale / (high - low);
    return { max: spansZero && max < 0 ? 0 : perUnit, min: spansZero && min > 0 ? 0 : -perUnit };
  };
}

/** Below this range BitDistiller's scale is a constant. */
const NARROW = 1e-5;

function extremes(values: Float32Array, from: number, to: number): { max: number; min: number } {
  let [max, min] = [values[from]!, values[from]!];
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    if (value > max) max = value;
    if (value < min) min = value;
  }
  return { max, min };
}

/** Adds `slope` to the gradient of the weights equal to `value`, in equal parts. */
function share(
  values: Float32Array,
  gradient: Float32Array,
  from: number,
  to: number,
  value: number,
  slope: number,
): void {
  if (slope === 0) return;
  let count = 0;
  for (let i = from; i < to; i++) if (values[i] === value) count++;
  for (let i = from; i < to; i++) if (values[i] === value) gradient[i]! += slope / count;
}
