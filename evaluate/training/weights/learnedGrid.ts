import { groupFitter, kernelsOf } from "../../../formats/groupFitter.ts";
import { forEachGroup } from "../../../formats/groups.ts";
import { type Format, UserError } from "../../../formats/index.ts";
import type { Kernel } from "../../../formats/kernel.ts";
import { scaleStores } from "../../../formats/scaleStores.ts";
import { storedOffset, storedScale } from "../../../formats/storedScale.ts";
import { forEachFit } from "./forEachFit.ts";
import { boxed } from "./formatGrid.ts";
import { groupBounds, type Matrix } from "./groupSpans.ts";
import { learnedSlopes, type Reach, shiftGroups } from "./learnedProgram.ts";
import { normScales } from "./normScales.ts";
import { roundScaled } from "./roundScaled.ts";
import type { TrainedGrid, WeightRule } from "./rule.ts";

/** OmniQuant's start of a clip parameter: σ(3) = 0.953 of the range. */
const CLIP_START = 3;
/** A scale that training drives to zero or below would end its group. */
export const SCALE_MIN = 2 ** -40;
const OFFSET_BITS = 16;

/**
 * A scale for each group (and an offset, where the rule says so) as parameters: LSQ (Esser et al. 2020) and LSQ+ on any
 * codebook with one scale a group. ŵ = s·near((w − b)/s) + b; ∂ŵ/∂s is level − (w − b)/s within reach and the end level
 * beyond, ∂ŵ/∂b is 1 beyond. The gradients of s and b are divided by √(numbers of the matrix · largest level), as in LSQ,
 * ParetoQ and BTT. `units` says what the latent weights count in: `levels` are already divided by the scale (LR-QAT).
 * Throws UserError for formats whose groups are more than a codebook and a scale.
 */
export function learnedGrid(
  format: Format,
  matrix: Matrix,
  initial: Float32Array,
  rule: WeightRule,
  units: "weights" | "levels",
  clipStart?: Float32Array,
): TrainedGrid {
  const kernel = plainKernel(format);
  const bounds = groupBounds(format, matrix);
  const groups = bounds.length - 1;
  const clip = rule.scale === "learned-clip";
  const scalesOf = (weights: Float32Array) => {
    const scales = formatScales(format, matrix, weights, groups);
    return rule.scaleNorm ? normScales(kernel, bounds, weights, rule.scaleNorm, scales) : scales;
  };
  const trained = clip ? (clipStart?.slice() ?? new Float32Array(groups).fill(CLIP_START)) : scalesOf(initial);
  const offsets = rule.offset ? new Float32Array(groups) : null;
  const parameters = new Map([[clip ? "clip" : "scale", trained]]);
  if (offsets) parameters.set("offset", offsets);
  const { low, high, share: lsq, hasRatio } = slopesOfLearned(kernel, rule, initial.length, units);
  const stored = new Float32Array(groups);
  const shifts = new Float32Array(groups);
  const ones = new Float32Array(groups).fill(1);
  /** Slopes of offsets that nothing trains. */
  const beyond = new Float32Array(offsets ? 0 : groups);
  const store = (latent: Float32Array) => {
    const base = clip ? formatScales(format, matrix, latent, groups) : null;
    let g = 0;
    const where = () => `group ${g} of ${matrix.name}`;
    for (; g < groups; g++) {
      const exact = base ? base[g]! * sigmoid(trained[g]!) : trained[g]!;
      stored[g] = base && base[g] === 0 ? 0 : storedScale(format, awayFromZero(exact), kernel.unit, null, where);
      if (offsets) shifts[g] = storedOffset(format, offsets[g]!, kernel.unit, where);
    }
  };
  return {
    parameters,
    extraBits: offsets ? groups * OFFSET_BITS : 0,
    ...(!clip && units === "weights" && { refit: (latent: Float32Array) => trained.set(scalesOf(latent)) }),
    forward(latent, out) {
      store(latent);
      if (units === "levels") roundScaled(kernel, bounds, latent, stored, out, ones);
      else if (offsets) roundShifted(kernel, bounds, latent, stored, shifts, out);
      else roundScaled(kernel, bounds, latent, stored, out);
    },
    backward(latent, out, gradient, dLatent, into) {
      const dScales = into.get(clip ? "clip" : "scale")!;
      const dOffsets = into.get("offset") ?? beyond;
      const passesAll = rule.straightThrough !== "clipped";
      const setReach = (g: number, reach: Reach) => {
        const s = stored[g]!;
        const step = units === "levels" ? 1 : s;
        reach.offset = shifts[g]!;
        reach.least = reach.offset + (step < 0 ? high : low) * step;
        reach.most = reach.offset + (step < 0 ? low : high) * step;
        // Of a group of zeros nothing passes.
        reach.slope = s === 0 || units === "levels" ? s : 1;
      };
      const to = { dLatent, sums: dScales, offsets: dOffsets };
      learnedSlopes({ latent, out, gradient }, bounds, setReach, { hasRatio, passesAll }, to);
      for (let g = 0; g < groups; g++) {
        const s = stored[g]!;
        const chain = clip ? s * (1 - sigmoid(trained[g]!)) : 1;
        dScales[g] = s === 0 ? 0 : (dScales[g]! / s) * chain * lsq;
        dOffsets[g] = s === 0 ? 0 : dOffsets[g]! * lsq;
      }
      if (typeof rule.straightThrough === "number") boxed(latent, dLatent, rule.straightThrough);
    },
  };
}

/** Of ratios within low … high a gradient passes; `share` is a factor of those of scales and offsets, and `hasRatio` is whether w/s is part of a scale's. */
export function slopesOfLearned(
  { book: { levels } }: Kernel,
  { reach }: WeightRule,
  count: number,
  units: "weights" | "levels",
) {
  return {
    low: reach === undefined ? levels[0]! : -reach,
    high: reach ?? levels.at(-1)!,
    // A stretched codebook ends before its reach: ParetoQ then takes the integer grid's end, 1.
    share: 1 / Math.sqrt(count * (reach === undefined ? levels.at(-1)! : 1)),
    // The sign of a weight does not depend on the scale, so that of a binary one is all of its slope (ParetoQ, BTT).
    hasRatio: units === "weights" && levels.length > 2,
  };
}

/** The one codebook of a format. Throws UserError where a group is more than that and a scale. */
export function plainKernel(format: Format): Kernel {
  if (format.element === null || format.coder !== "scaled" || scaleStores[format.store].outer !== undefined)
    throw new UserError(`${format.id}: a group of it is more than a codebook and a scale, which this recipe trains`);
  return kernelsOf(format)[0]!;
}

/** The scale of each group by the format's own rule; 0 for a group of zeros. */
export function formatScales(format: Format, matrix: Matrix, weights: Float32Array, groups: number): Float32Array {
  const scales = new Float32Array(groups);
  const { scaleOf } = groupFitter(format);
  if (scaleOf !== null && scaleStores[format.store].outer === undefined) {
    forEachGroup(weights, matrix.rows, matrix.cols, format, matrix, ({ index, min, max }) => {
      const where = () => `group ${index} of ${matrix.name}`;
      scales[index] = min === 0 && max === 0 ? 0 : scaleOf(min, max, null, where);
    });
    return scales;
  }
  forEachFit(weights, format, matrix, (fit, _from, _to, _levels, index) => {
    if (fit.zeroPoint !== null || fit.offset !== 0 || fit.lower !== fit.scale)
      throw new UserError(`${format.id}: a group of it is more than a codebook and a scale, which this recipe trains`);
    scales[index] = fit.scale;
  });
  return scales;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function awayFromZero(scale: number): number {
  return Math.abs(scale) >= SCALE_MIN ? scale : SCALE_MIN;
}

function roundShifted(
  kernel: Kernel,
  bounds: Uint32Array,
  latent: Float32Array,
  scales: Float32Array,
  shifts: Float32Array,
  out: Float32Array,
): void {
  shiftGroups(latent, bounds, shifts, -1, out);
  roundScaled(kernel, bounds, out, scales, out);
  shiftGroups(out, bounds, shifts, 1, out);
}
