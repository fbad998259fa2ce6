import { coders } from "../../../formats/coder.ts";
import { kernelsOf } from "../../../formats/groupFitter.ts";
import type { Format } from "../../../formats/index.ts";
import { measuredFit } from "../../../formats/measuredFit.ts";
import { scaleRules } from "../../../formats/scaleRules.ts";
import { scaleStores } from "../../../formats/scaleStores.ts";
import { roundGroups } from "../../../formats/simd/roundGroups.ts";
import { forEachFit } from "./formatGrid.ts";
import { groupBounds, type Matrix } from "./groupSpans.ts";
import { takeBelow } from "./takeBelow.ts";

/** By what each group of a matrix is rounded, for formats of one codebook whose scales follow from a group's extremes. */
export interface ExtremesFits {
  readonly bounds: Uint32Array;
  readonly levels: Float32Array;
  /** 0 in groups of zeros. */
  readonly scales: Float32Array;
  /** Of the levels below zero. */
  readonly lowers: Float32Array;
  readonly zeroPoints: Float64Array;
  /** Fits all groups anew and rounds them: what `fakeQuantize` makes of the matrix. */
  round(latent: Float32Array, out: Float32Array): void;
}

export function extremesFits(format: Format, matrix: Matrix): ExtremesFits {
  const kernels = kernelsOf(format);
  const kernel = kernels[0]!;
  const { book } = kernel;
  const rule = scaleRules[format.rule];
  const bounds = groupBounds(format, matrix);
  const groups = bounds.length - 1;
  const size = bounds[1]! - bounds[0]!;
  const even = bounds[groups] === size * groups;
  const [scales, lowers, divisors] = [0, 1, 2].map(() => new Float32Array(groups)) as Float32Array[] as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const zeroPoints = new Float64Array(groups);
  const twoSided = format.rule === "twosided";
  const shifted = "integers" in rule && rule.integers === true;
  const below = new Float32Array(twoSided ? matrix.rows * matrix.cols : 0);
  const nested = scaleStores[format.store].outer !== undefined;
  const fill = (latent: Float32Array) => {
    const set = (g: number, fit: { scale: number; lower: number; divisor: number; zeroPoint: number | null }) => {
      [scales[g], lowers[g], divisors[g], zeroPoints[g]] = [fit.scale, fit.lower, fit.divisor, fit.zeroPoint ?? 0];
    };
    if (!("measure" in rule) || nested) {
      forEachFit(latent, format, matrix, (fit, _from, _to, _levels, g) => set(g, fit));
      return;
    }
    for (let g = 0; g < groups; g++) {
      const measured = rule.measure(latent, bounds[g]!, bounds[g + 1]!, book);
      const zeros = measured.scale === 0 || isZero(latent, bounds[g]!, bounds[g + 1]!);
      if (zeros) set(g, { scale: 0, lower: 0, divisor: 1, zeroPoint: null });
      else
        set(
          g,
          measuredFit(format, measured, kernel, 0, null, () => `group ${g} of ${matrix.name}`),
        );
    }
  };
  const fast = (latent: Float32Array, into: Float32Array, by: Float32Array, divided: Float32Array) =>
    even && roundGroups(book, latent, into, size, (_min, _max, g) => by[g]!, false, divided) !== null;
  return {
    bounds,
    levels: book.levels,
    scales,
    lowers,
    zeroPoints,
    round(latent, out) {
      fill(latent);
      if (shifted && (format.tie === "away" || format.tie === "even")) {
        roundIntegers(format.tie, bounds, scales, zeroPoints, [-book.low, book.high], latent, out);
        return;
      }
      if (fast(latent, out, scales, divisors) && (!twoSided || fast(latent, below, lowers, lowers))) {
        if (twoSided) takeBelow(latent, below, out);
        return;
      }
      const round = coders[format.coder].round;
      forEachFit(latent, format, matrix, (fit, from, to) => {
        round(kernels, fit, format.tie, latent, out, from, to);
      });
    },
  };
}

function isZero(values: Float32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (values[i] !== 0) return false;
  return true;
}

/** (clamp(round(x/s) + z) − z)·s of each group, as `scaledCoder` has it, without a branch a number. */
function roundIntegers(
  tie: Format["tie"],
  bounds: Uint32Array,
  scales: Float32Array,
  zeroPoints: Float64Array,
  [low, high]: readonly [number, number],
  latent: Float32Array,
  out: Float32Array,
): void {
  const away = tie === "away";
  const table = new Float32Array(high - low + 1);
  for (let g = 0; g < scales.length; g++) {
    const [from, to, s, z] = [bounds[g]!, bounds[g + 1]!, scales[g]!, zeroPoints[g]!];
    if (s === 0) {
      out.fill(0, from, to);
      continue;
    }
    for (let k = 0; k < table.length; k++) table[k] = (low + k - z) * s + 0;
    for (let i = from; i < to; i++) {
      const quotient = Math.fround(latent[i]! / s);
      let near = Math.floor(quotient + 0.5);
      if (near - quotient === 0.5 && (away ? quotient < 0 : near % 2 !== 0)) near--;
      out[i] = table[clamped((near | 0) + z - low, high - low)]!;
    }
  }
}

/** Within 0 and `high`, of 32-bit integers. */
function clamped(x: number, high: number): number {
  const above = x & ~(x >> 31);
  const beyond = (high - above) >> 31;
  return (above & ~beyond) | (high & beyond);
}
