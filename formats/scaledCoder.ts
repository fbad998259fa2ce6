import { nearestRank } from "./book.ts";
import type { Coder } from "./coder.ts";
import type { TieRule } from "./element.ts";
import type { GroupFit } from "./groupFit.ts";
import { isPlain } from "./groupFit.ts";
import { type Kernel, roundRun } from "./kernel.ts";
import { roundInteger } from "./roundInteger.ts";

/** One code for each number: its level's, read back with the group's scale and offset. */
export const scaledCoder: Coder = {
  round(kernels, fit, tie, values, out, from, to) {
    const kernel = kernels[fit.choice]!;
    if (isPlain(fit)) return roundRun(kernel, values, out, from, to, fit.scale);
    let error = 0;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      const rounded = decodeLevel(kernel.book.levels[rankIn(kernel, fit, tie, value)]!, fit);
      out[i] = rounded;
      error += (rounded - value) ** 2;
    }
    return error;
  },

  encode(kernels, fit, tie, values, codes, from, to) {
    const kernel = kernels[fit.choice]!;
    for (let i = from; i < to; i++) codes[i] = kernel.book.codeOfRank[rankIn(kernel, fit, tie, values[i]!)]!;
  },

  decode(kernels, fit, codes, out, from, to) {
    const { levels, rankOfCode } = kernels[fit.choice]!.book;
    for (let i = from; i < to; i++) {
      const rank = rankOfCode[codes[i]!] ?? -1;
      if (rank < 0) return i;
      out[i] = decodeLevel(levels[rank]!, fit);
    }
    return -1;
  },
};

/** Rank of the level that `value` is rounded to; that of 0 in a group of zeros. */
export function rankIn({ book }: Kernel, fit: GroupFit, tie: TieRule, value: number): number {
  const { scale, lower, divisor, shift, offset, zeroPoint } = fit;
  if (scale === 0) return nearestRank(book, 0);
  const moved = value - shift - offset;
  const quotient = Math.fround(moved / (moved < 0 && lower !== scale ? lower : divisor));
  if (zeroPoint === null) return nearestRank(book, quotient);
  const level = roundInteger(quotient, tie) + zeroPoint;
  return Math.min(Math.max(level, -book.low), book.high) + book.low;
}

/** The number a level stands for, float32. Products of two float32 are exact in float64, so there is one rounding. */
export function decodeLevel(level: number, { scale, lower, offset, zeroPoint }: GroupFit): number {
  return Math.fround((level - (zeroPoint ?? 0)) * (level < 0 ? lower : scale) + offset) + 0;
}
