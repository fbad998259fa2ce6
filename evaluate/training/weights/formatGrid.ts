import { blockingOf } from "../../../formats/blocking.ts";
import { UserError } from "../../../formats/error.ts";
import type { GroupFit } from "../../../formats/groupFit.ts";
import { groupFitter, kernelsOf } from "../../../formats/groupFitter.ts";
import { forEachGroup } from "../../../formats/groups.ts";
import { type Format, fakeQuantize } from "../../../formats/index.ts";
import type { Kernel } from "../../../formats/kernel.ts";
import { measuredFit } from "../../../formats/measuredFit.ts";
import { outerOf, outerScales } from "../../../formats/outerScales.ts";
import { decodeLevel } from "../../../formats/scaledCoder.ts";
import { scaleRules, type ValuesRule } from "../../../formats/scaleRules.ts";
import { scaleStores } from "../../../formats/scaleStores.ts";
import { roundGroups } from "../../../formats/simd/roundGroups.ts";
import type { Matrix } from "./groupSpans.ts";
import type { TrainedGrid, WeightRule } from "./rule.ts";
import { takeBelow } from "./takeBelow.ts";

const NONE: ReadonlyMap<string, Float32Array> = new Map();

/** The format's own grid, fitted anew at each step by its own rule, whose scales pass no gradient. Serves every format. */
export function formatGrid(format: Format, matrix: Matrix, rule: Pick<WeightRule, "straightThrough">): TrainedGrid {
  const { name, rows, cols } = matrix;
  const statistic = statisticOf(format, matrix);
  return {
    parameters: NONE,
    extraBits: 0,
    forward(latent, out) {
      if (!(statistic && roundByStatistic(statistic, latent, out)))
        fakeQuantize(latent, rows, cols, format, out, { name });
    },
    backward(latent, _out, gradient, dLatent) {
      dLatent.set(gradient);
      if (typeof rule.straightThrough === "number") boxed(latent, dLatent, rule.straightThrough);
      else if (rule.straightThrough === "clipped") clipped(latent, dLatent, format, matrix);
    },
  };
}

/** Zeroes the gradient where |w| ≥ `at`. */
export function boxed(latent: Float32Array, gradient: Float32Array, at: number): void {
  for (let i = 0; i < latent.length; i++) if (!(Math.abs(latent[i]!) < at)) gradient[i] = 0;
}

/** Zeroes the gradient of weights beyond the levels of their group. */
function clipped(latent: Float32Array, gradient: Float32Array, format: Format, matrix: Matrix): void {
  forEachFit(latent, format, matrix, (fit, from, to, levels) => {
    const ends = [decodeLevel(levels[0]!, fit), decodeLevel(levels.at(-1)!, fit)];
    const [low, high] = [Math.min(...ends) + fit.shift, Math.max(...ends) + fit.shift];
    for (let i = from; i < to; i++) if (latent[i]! < low || latent[i]! > high) gradient[i] = 0;
  });
}

/** Calls `visit` with the fit of every group as `fakeQuantize` finds it. Throws UserError for codes that are not scaled levels. */
export function forEachFit(
  weights: Float32Array,
  format: Format,
  { name, rows, cols }: Matrix,
  visit: (fit: GroupFit, from: number, to: number, levels: Float32Array, index: number) => void,
): void {
  if (format.coder !== "scaled") throw new UserError(`${format.id}: its groups have no levels with a scale to train`);
  const fitter = groupFitter(format);
  const blocking = blockingOf(format, rows, cols, { name });
  const outer = outerScales(format, fitter, weights, rows, cols, { name });
  forEachGroup(weights, rows, cols, format, { name }, (span) => {
    const { index, from, to } = span;
    const fit = fitter.fit(weights, span, outerOf(format, outer, blocking, index), () => `group ${index} of ${name}`);
    visit(fit, from, to, fitter.kernels[fit.choice]!.book.levels, index);
  });
}

/** A format whose groups have a scale that follows from all their values. */
interface Statistic {
  readonly format: Format;
  readonly rule: ValuesRule;
  readonly kernel: Kernel;
  readonly size: number;
  readonly scales: Float32Array;
  readonly divisors: Float32Array;
  /** Scales of the negative side, where it has its own, and what numbers are with these. */
  readonly lowers: Float32Array | null;
  readonly negative: Float32Array;
}

function statisticOf(format: Format, { name, rows, cols }: Matrix): Statistic | null {
  const rule = scaleRules[format.rule];
  const single = format.coder === "scaled" && format.elements.length === 1 && format.selector === null;
  const twoSided = format.rule === "twosided";
  if (!single || !("measure" in rule) || scaleStores[format.store].outer) return null;
  if (rule.extra !== undefined && !twoSided) return null;
  const { length, size, groups } = blockingOf(format, rows, cols, { name });
  if (length % size !== 0) return null;
  const [scales, divisors] = [new Float32Array(groups), new Float32Array(groups)];
  const lowers = twoSided ? new Float32Array(groups) : null;
  const negative = new Float32Array(twoSided ? rows * cols : 0);
  return { format, rule, kernel: kernelsOf(format)[0]!, size, scales, divisors, lowers, negative };
}

/**
 * What `fakeQuantize` makes of them, in a third of the time: statistics are taken once a group and numbers rounded by SIMD. What
 * numbers are divided by is rounded to float32, so that one within 1e-7 of the middle of two levels may fall to the other.
 * False, with `out` partly written, where that does not serve.
 */
function roundByStatistic(
  { format, rule, kernel, size, scales, divisors, lowers, negative }: Statistic,
  latent: Float32Array,
  out: Float32Array,
): boolean {
  for (let g = 0; g < scales.length; g++) {
    const measured = rule.measure(latent, g * size, (g + 1) * size, kernel.book);
    // Groups of zeros have none, and are left to be zeros.
    if (!(measured.scale > 0)) continue;
    const fit = measuredFit(format, measured, kernel, 0, null, () => `group ${g}`);
    if ((!lowers && fit.lower !== fit.scale) || fit.offset !== 0 || fit.shift !== 0) return false;
    scales[g] = fit.scale;
    divisors[g] = fit.divisor;
    if (lowers) lowers[g] = fit.lower;
  }
  const round = (into: Float32Array, by: Float32Array, divided: Float32Array) =>
    roundGroups(kernel.book, latent, into, size, (_min, _max, index) => by[index]!, false, divided) !== null;
  if (!round(out, scales, divisors)) return false;
  if (!lowers) return true;
  if (!round(negative, lowers, lowers)) return false;
  takeBelow(latent, negative, out);
  return true;
}
