import { type Format, fakeQuantize } from "../../../formats/index.ts";
import { decodeLevel } from "../../../formats/scaledCoder.ts";
import { extremesFits, fitsByExtremes } from "./extremesFits.ts";
import { forEachFit } from "./forEachFit.ts";
import type { Matrix } from "./groupSpans.ts";
import type { TrainedGrid, WeightRule } from "./rule.ts";
import { statisticRounding } from "./statisticRounding.ts";

const NONE: ReadonlyMap<string, Float32Array> = new Map();

/** The format's own grid, fitted anew at each step by its own rule, whose scales pass no gradient. Serves every format. */
export function formatGrid(format: Format, matrix: Matrix, rule: Pick<WeightRule, "straightThrough">): TrainedGrid {
  const round = rounderOf(format, matrix);
  return {
    parameters: NONE,
    extraBits: 0,
    forward: round,
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

/** What `fakeQuantize` makes of a matrix, sooner where a format has one codebook: errors are not summed, and small matrices count too. */
function rounderOf(format: Format, matrix: Matrix): (latent: Float32Array, out: Float32Array) => void {
  const { name, rows, cols } = matrix;
  if (fitsByExtremes(format)) return extremesFits(format, matrix).round;
  const statistic = statisticRounding(format, matrix);
  return (latent, out) => {
    if (!statistic?.(latent, out)) fakeQuantize(latent, rows, cols, format, out, { name });
  };
}
