import { blockingOf } from "../../../formats/blocking.ts";
import { coders } from "../../../formats/coder.ts";
import { groupFitter, kernelsOf } from "../../../formats/groupFitter.ts";
import type { Format } from "../../../formats/index.ts";
import type { Kernel } from "../../../formats/kernel.ts";
import { measuredFit } from "../../../formats/measuredFit.ts";
import { type OuterScales, outerOf, outerOfIdeals } from "../../../formats/outerScales.ts";
import { scaleRules } from "../../../formats/scaleRules.ts";
import { scaleStores } from "../../../formats/scaleStores.ts";
import { roundGroups } from "../../../formats/simd/roundGroups.ts";
import { forEachFit } from "./forEachFit.ts";
import { groupBounds, type Matrix } from "./groupSpans.ts";
import { clampIntegers, integerKernel, roundIntegers } from "./integerRounding.ts";
import { takeBelow } from "./takeBelow.ts";

/** By what each group of a matrix is rounded, for formats of one codebook whose scales follow from a group's extremes. */
export interface ExtremesFits {
  readonly bounds: Uint32Array;
  readonly levels: Float32Array;
  /** Smallest and largest number of each group. */
  readonly mins: Float32Array;
  readonly maxs: Float32Array;
  /** 0 in groups of zeros. */
  readonly scales: Float32Array;
  /** Of the levels below zero. */
  readonly lowers: Float32Array;
  readonly zeroPoints: Float64Array;
  /** Fits all groups anew and rounds them: what `fakeQuantize` makes of the matrix. */
  round(latent: Float32Array, out: Float32Array): void;
}

/** As many as the SIMD program takes. */
const LEVELS_MAX = 16;

/** Whether a format's groups have one codebook of few levels, and scales that follow from their extremes. */
export function fitsByExtremes(format: Format): boolean {
  if (format.coder !== "scaled" || format.elements.length !== 1 || format.selector) return false;
  if (kernelsOf(format)[0]!.book.levels.length > LEVELS_MAX) return false;
  const rule = scaleRules[format.rule];
  return "integers" in rule || format.rule === "twosided" || groupFitter(format).scaleOf !== null;
}

export function extremesFits(format: Format, matrix: Matrix): ExtremesFits {
  const kernels = kernelsOf(format);
  const kernel = kernels[0]!;
  const { book } = kernel;
  const rule = scaleRules[format.rule];
  const { scaleOf } = groupFitter(format);
  const bounds = groupBounds(format, matrix);
  const groups = bounds.length - 1;
  const size = bounds[1]! - bounds[0]!;
  const even = bounds[groups] === size * groups;
  const perGroup = () => new Float32Array(groups);
  const [mins, maxs, scales, lowers, divisors] = [perGroup(), perGroup(), perGroup(), perGroup(), perGroup()];
  const zeroPoints = new Float64Array(groups);
  const twoSided = format.rule === "twosided";
  const below = new Float32Array(twoSided ? matrix.rows * matrix.cols : 0);
  const { tie } = format;
  const integers =
    "integers" in rule && (tie === "away" || tie === "even") ? { tie, low: -book.low, high: book.high } : null;
  const wide = integers && integerKernel(integers);
  const nested = scaleStores[format.store].outer !== undefined;
  const blocking = blockingOf(format, matrix.rows, matrix.cols, matrix);
  const ideals = new Float64Array(nested ? groups : 0);
  let outer: OuterScales | null = null;
  const ends = new Float32Array(2);
  const set = (g: number, fit: { scale: number; lower: number; divisor: number; zeroPoint: number | null }) => {
    scales[g] = fit.scale;
    lowers[g] = fit.lower;
    divisors[g] = fit.divisor;
    zeroPoints[g] = fit.zeroPoint ?? 0;
  };
  const clear = () => {
    for (const zeros of [mins, maxs, scales, lowers, zeroPoints]) zeros.fill(0);
    divisors.fill(1);
  };
  let current = 0;
  const where = () => `group ${current} of ${matrix.name}`;
  /** Fits a group by its extremes in `ends`, all that the rules see which gradients pass through. */
  const fitGroup = (g: number) => {
    const least = ends[0]!;
    const most = ends[1]!;
    mins[g] = least;
    maxs[g] = most;
    current = g;
    if ("measure" in rule) set(g, measuredFit(format, rule.measure(ends, 0, 2, book), kernel, 0, null, where));
    else {
      const scale = scaleOf!(Math.min(0, least), Math.max(0, most), outerOf(format, outer, blocking, g), where);
      scales[g] = lowers[g] = divisors[g] = scale;
    }
  };
  const slowly = (latent: Float32Array, out: Float32Array) => {
    const round = coders[format.coder].round;
    forEachFit(latent, format, matrix, (fit, from, to, _levels, g) => {
      set(g, fit);
      extremes(latent, from, to, ends);
      [mins[g], maxs[g]] = [ends[0]!, ends[1]!];
      round(kernels, fit, tie, latent, out, from, to);
    });
  };
  const fast = ({ book }: Kernel, latent: Float32Array, out: Float32Array) => {
    const scaleIn = (min: number, max: number, g: number) => {
      ends[0] = min;
      ends[1] = max;
      // Zero is counted among them, which it need not be.
      if (min === 0 || max === 0) extremes(latent, bounds[g]!, bounds[g + 1]!, ends);
      fitGroup(g);
      return scales[g]!;
    };
    return even && roundGroups(book, latent, out, size, scaleIn, false, divisors) !== null;
  };
  /** Finds the second level of scales; false where that does not serve. */
  const fitOuter = (latent: Float32Array) => {
    if (!("fit" in rule) || !even) return false;
    ideals.fill(0);
    const { low, high, step } = book;
    const note = (min: number, max: number, g: number) => {
      ideals[g] = Math.abs(rule.fit(min, max, low, high, step));
      return 1;
    };
    if (!roundGroups(book, latent, null, size, note, false)) return false;
    outer = outerOfIdeals(format, ideals, blocking, matrix);
    return true;
  };
  return {
    bounds,
    levels: book.levels,
    mins,
    maxs,
    scales,
    lowers,
    zeroPoints,
    round(latent, out) {
      clear();
      if (nested && !fitOuter(latent)) return slowly(latent, out);
      if (scaleOf === null && !("measure" in rule)) return slowly(latent, out);
      if (integers) {
        if (wide && fast(wide, latent, out)) clampIntegers(integers, bounds, scales, zeroPoints, out);
        else {
          for (let g = 0; g < groups; g++) {
            extremes(latent, bounds[g]!, bounds[g + 1]!, ends);
            if (ends[0] !== 0 || ends[1] !== 0) fitGroup(g);
          }
          if (!latent.every(Number.isFinite)) return slowly(latent, out);
          roundIntegers(integers, bounds, scales, zeroPoints, latent, out);
        }
        return;
      }
      if (!fast(kernel, latent, out)) return slowly(latent, out);
      if (!twoSided) return;
      roundGroups(book, latent, below, size, (_min, _max, g) => lowers[g]!, false, lowers);
      takeBelow(latent, below, out);
    },
  };
}

/** Writes the smallest and the largest of values[from … to) to `ends`. */
function extremes(values: Float32Array, from: number, to: number, ends: Float32Array): void {
  let min = values[from]!;
  let max = min;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    if (value > max) max = value;
    if (value < min) min = value;
  }
  ends[0] = min;
  ends[1] = max;
}
