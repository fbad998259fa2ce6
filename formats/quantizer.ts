import { type BlockingOptions, blockingOf } from "./blocking.ts";
import { coders } from "./coder.ts";
import { UserError } from "./error.ts";
import type { Format } from "./format.ts";
import { type GroupFit, plainFit } from "./groupFit.ts";
import { groupFitter, kernelsOf } from "./groupFitter.ts";
import { outerOf, outerScales } from "./outerScales.ts";
import { decodeLevel, rankIn } from "./scaledCoder.ts";
import { scaleRules } from "./scaleRules.ts";
import { scaleStores } from "./scaleStores.ts";

/** A format as a method sees it: fit a scale, round with a given one. Grids, ties and stores stay behind it. */
export interface Quantizer {
  readonly format: Format;
  /** Distinct values, ascending, as float32. */
  readonly levels: Float32Array;
  /** The stored scale of a group with these values; 0 if all are zero. Throws UserError for NaN or infinity. */
  fitScale(values: ArrayLike<number>): number;
  /** The representable number nearest to `value` at `scale`, 0 at scale 0. */
  round(value: number, scale: number): number;
  /** Code of `value` at `scale`. */
  encode(value: number, scale: number): number;
  /** Number of a code at `scale`. Throws UserError for a reserved code. */
  decode(code: number, scale: number): number;
}

/**
 * The quantizer of a format whose groups are one codebook and one scale. Throws UserError for the others (a choice of
 * codebooks, a second level of scales, an offset, two sides, pairs): `groupQuantizerOf` serves them all.
 */
export function quantizerOf(format: Format): Quantizer {
  const groups = groupQuantizerOf(format);
  const { element } = format;
  const kernel = kernelsOf(format)[0]!;
  const { levels, codeOfRank, rankOfCode } = kernel.book;
  if (element === null || format.coder !== "scaled" || !groups.plain) {
    throw new UserError(`${format.id}: a group of it is more than a codebook and a scale; this method cannot use it`);
  }
  const rank = (value: number, scale: number) => rankIn(kernel, plainFit(0, scale), format.tie, value);
  return {
    format,
    levels,
    fitScale: (values) => groups.fit(values).scale,
    round: (value, scale) => decodeLevel(levels[rank(value, scale)]!, plainFit(0, scale)),
    encode: (value, scale) => codeOfRank[rank(value, scale)]!,
    decode(code, scale) {
      const found = rankOfCode[code] ?? -1;
      if (found < 0) throw new UserError(`code ${code} means nothing in ${element.id}`);
      return decodeLevel(levels[found]!, plainFit(0, scale));
    },
  };
}

/** Any format as a method sees it, one group of a matrix at a time. */
export interface GroupQuantizer {
  readonly format: Format;
  /** Whether a group's scale says all of its fit, so that `quantizerOf` serves the format. */
  readonly plain: boolean;
  /**
   * Fits a group: codebook, scale, offset. `index` counts the matrix's groups in memory order and matters where scales
   * have a second level. Throws UserError for NaN, infinity, or a second level that was not found beforehand.
   */
  fit(values: ArrayLike<number>, index?: number): GroupFit;
  /** The representable numbers that `values` become in a fitted group. */
  round(values: ArrayLike<number>, fit: GroupFit): Float32Array;
  /** The same for one number. Throws UserError for OliVe, whose numbers round in pairs, and HiF4, whose place matters. */
  roundOne(value: number, fit: GroupFit): number;
}

/** A matrix whose groups are to be fitted one by one: its second level of scales, where the format has one, is found from it. */
export interface WholeMatrix extends BlockingOptions {
  weights: Float32Array;
  rows: number;
  cols: number;
}

export function groupQuantizerOf(format: Format, matrix?: WholeMatrix): GroupQuantizer {
  const fitter = groupFitter(format);
  const nested = scaleStores[format.store].outer !== undefined;
  const blocking = matrix && blockingOf(format, matrix.rows, matrix.cols, matrix);
  const outer = matrix ? outerScales(format, fitter, matrix.weights, matrix.rows, matrix.cols, matrix) : null;
  return {
    format,
    plain:
      format.coder === "scaled" && !nested && !("measure" in scaleRules[format.rule]) && fitter.kernels.length === 1,
    fit(values, index = 0) {
      if (nested && !blocking)
        throw new UserError(`${format.id}: a group needs the second level of its matrix's scales`);
      const group = Float32Array.from(values);
      let [min, max, sumSquares] = [0, 0, 0];
      for (const [i, value] of group.entries()) {
        if (!Number.isFinite(value))
          throw new UserError(`${format.id}: ${value} at index ${i}; a scale needs finite numbers`);
        min = Math.min(min, value);
        max = Math.max(max, value);
        sumSquares += value * value;
      }
      const span = { index, from: 0, to: group.length, min, max, sumSquares };
      return fitter.fit(group, span, blocking ? outerOf(format, outer, blocking, index) : null, () => "a group");
    },
    round(values, fit) {
      const group = Float32Array.from(values);
      coders[format.coder].round(fitter.kernels, fit, format.tie, group, group, 0, group.length);
      return group;
    },
    roundOne(value, fit) {
      if (format.coder !== "scaled")
        throw new UserError(`${format.id}: one number cannot be rounded without its neighbours`);
      const kernel = fitter.kernels[fit.choice]!;
      return decodeLevel(kernel.book.levels[rankIn(kernel, fit, format.tie, value)]!, fit);
    },
  };
}
