import { blockingOf } from "../../../formats/blocking.ts";
import { UserError } from "../../../formats/error.ts";
import type { GroupFit } from "../../../formats/groupFit.ts";
import { groupFitter } from "../../../formats/groupFitter.ts";
import { forEachGroup } from "../../../formats/groups.ts";
import { type Format, fakeQuantize } from "../../../formats/index.ts";
import { outerOf, outerScales } from "../../../formats/outerScales.ts";
import { decodeLevel } from "../../../formats/scaledCoder.ts";
import type { Matrix } from "./groupSpans.ts";
import type { TrainedGrid, WeightRule } from "./rule.ts";

const NONE: ReadonlyMap<string, Float32Array> = new Map();

/** The format's own grid, fitted anew at each step by its own rule, whose scales pass no gradient. Serves every format. */
export function formatGrid(format: Format, matrix: Matrix, rule: Pick<WeightRule, "straightThrough">): TrainedGrid {
  const { name, rows, cols } = matrix;
  return {
    parameters: NONE,
    extraBits: 0,
    forward(latent, out) {
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
