import { UserError } from "./error.ts";
import type { Format } from "./format.ts";
import { kernelOf, rankOf, storedScale } from "./kernel.ts";

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

export function quantizerOf(format: Format): Quantizer {
  const kernel = kernelOf(format);
  const { levels, codeOfRank, rankOfCode } = kernel.book;
  const rank = (value: number, scale: number) => rankOf(kernel, scale === 0 ? 0 : value, scale || 1);
  return {
    format,
    levels,
    fitScale(values) {
      let min = 0;
      let max = 0;
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        if (!Number.isFinite(value))
          throw new UserError(`${format.id}: ${value} at index ${i}; a scale needs finite numbers`);
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
      return storedScale(format, kernel, min, max, () => "a group");
    },
    round: (value, scale) => Math.fround(levels[rank(value, scale)]! * scale) + 0,
    encode: (value, scale) => codeOfRank[rank(value, scale)]!,
    decode(code, scale) {
      const found = rankOfCode[code] ?? -1;
      if (found < 0) throw new UserError(`code ${code} means nothing in ${format.element.id}`);
      return Math.fround(levels[found]! * scale) + 0;
    },
  };
}
