import { nearestRank } from "./book.ts";
import type { Coder } from "./coder.ts";
import { type GroupFit, plainFit } from "./groupFit.ts";
import { roundBinary } from "./scaleFloat.ts";
import { scaleStores } from "./scaleStores.ts";

/** Numbers under one micro-exponent of level 2 and of level 3. */
const EIGHT = 8;
const FOUR = 4;

/**
 * HiF4's group of 64 (ddddwee1/HiFloat4, hifx.py, Apache-2.0): a scale of max|x|/7 in bf16, then E6M2; one bit doubles
 * eight numbers whose largest quotient reaches 4, one more bit four of them if it then reaches 2.
 */
export function fitHif4(values: ArrayLike<number>, from: number, to: number): GroupFit {
  const seventh = bf16(1 / 7);
  const { e6m2 } = scaleStores;
  const scale = e6m2.round(
    Math.min(Math.max(bf16(Math.fround(largest(values, from, to) * seventh)), e6m2.smallest), e6m2.largest),
  );
  const inverse = bf16(1 / scale);
  const micro = new Uint8Array(Math.ceil((to - from) / EIGHT));
  for (let block = 0; block < micro.length; block++) {
    const start = from + block * EIGHT;
    const end = Math.min(start + EIGHT, to);
    const second = Math.fround(largest(values, start, end) * inverse) >= 4 ? 1 : 0;
    let bits = second;
    for (let half = 0; half < 2 && start + half * FOUR < end; half++) {
      const peak = largest(values, start + half * FOUR, Math.min(start + (half + 1) * FOUR, end));
      if (Math.fround(peak * inverse) / 2 ** second >= 2) bits |= 2 << half;
    }
    micro[block] = bits;
  }
  return { ...plainFit(0, scale), divisor: inverse, micro };
}

/** Codes are S1P2: a sign and a magnitude of 0 … 1.75 by quarters. */
export const hif4Coder: Coder = {
  round(kernels, fit, _tie, values, out, from, to) {
    const { book } = kernels[0]!;
    let error = 0;
    for (let i = from; i < to; i++) {
      const factor = microFactor(fit, i - from);
      const value = values[i]!;
      const quotient = fit.scale === 0 ? 0 : Math.fround((value / factor) * fit.divisor);
      out[i] = book.levels[nearestRank(book, quotient)]! * factor * fit.scale + 0;
      error += (out[i]! - value) ** 2;
    }
    return error;
  },

  encode(kernels, fit, _tie, values, codes, from, to) {
    const { book } = kernels[0]!;
    for (let i = from; i < to; i++) {
      const quotient = fit.scale === 0 ? 0 : Math.fround((values[i]! / microFactor(fit, i - from)) * fit.divisor);
      codes[i] = book.codeOfRank[nearestRank(book, quotient)]!;
    }
  },

  decode(kernels, fit, codes, out, from, to) {
    const { levels, rankOfCode } = kernels[0]!.book;
    for (let i = from; i < to; i++) {
      const rank = rankOfCode[codes[i]!] ?? -1;
      if (rank < 0) return i;
      out[i] = levels[rank]! * microFactor(fit, i - from) * fit.scale + 0;
    }
    return -1;
  },
};

/** 1, 2 or 4: bit 0 of a block of eight is its level 2, bits 1 and 2 are the level 3 of its halves. */
function microFactor({ micro }: GroupFit, index: number): number {
  const bits = micro?.[index >> 3] ?? 0;
  return (bits & 1 ? 2 : 1) * (bits & (index & FOUR ? 4 : 2) ? 2 : 1);
}

function largest(values: ArrayLike<number>, from: number, to: number): number {
  let peak = 0;
  for (let i = from; i < to; i++) peak = Math.max(peak, Math.abs(values[i]!));
  return peak;
}

/** Positive x rounded to bfloat16, ties to even. */
function bf16(x: number): number {
  return x > 0 ? roundBinary(x, 7, -126) : 0;
}
