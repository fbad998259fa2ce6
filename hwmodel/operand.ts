import { diagramOf } from "./bdd.ts";
import type { Counts } from "./cells.ts";
import type { IntegerCodebook } from "./codebook.ts";

/** How one operand's codes become numbers a multiplier can use; decoders are counts of decision diagram nodes. */
export interface Operand {
  codeBits: number;
  /** Integer of each code; reserved ones have that of a near code. */
  codes: readonly number[];
  min: number;
  max: number;
  /** Two's complement: bits of the number, and what decodes a code (nothing for an integer grid). */
  twosBits: number;
  twosDecoder: Counts;
  /** Sign and magnitude: bits of the largest magnitude, and what decodes it. */
  magnitudeBits: number;
  magnitudeDecoder: Counts;
  /** magnitude = significand << shift, with the narrowest significand. */
  significandBits: number;
  shifts: number[];
  shiftBits: number;
  floatDecoder: Counts;
  /** False if there are no negative values. */
  signed: boolean;
  /** Two's complement by nature (-2^k … 2^k - 1): its codes hold no magnitude, so only integer structures apply. */
  twosComplement: boolean;
  /** Most values come with both signs: two such operands need no table over their signs. */
  mirrored: boolean;
}

export function bitLength(x: number): number {
  return x === 0 ? 0 : Math.floor(Math.log2(x)) + 1;
}

function trailingZeros(x: number): number {
  let n = 0;
  for (let y = x; y % 2 === 0; y /= 2) n++;
  return n;
}

/** Structure of a codebook from its values and their codes: which code means which value decides what decoding costs. */
export function operand(book: IntegerCodebook, integers: readonly (number | null)[]): Operand {
  const bits = Math.log2(integers.length);
  const codes = filled(integers);
  const min = book.integers[0]!;
  const max = book.integers.at(-1)!;
  const signed = min < 0;
  const field = codes.map(Math.abs);
  const magnitudes = [...new Set(book.integers.map(Math.abs))].sort((a, b) => a - b);
  const nonZero = magnitudes.filter((m) => m > 0);
  const significandBits = Math.max(...nonZero.map((m) => bitLength(m) - trailingZeros(m)));
  const shiftOf = (m: number) => Math.max(0, bitLength(m) - significandBits);
  const shifts = [...new Set(nonZero.map(shiftOf))].sort((a, b) => a - b);
  // Powers of two store exponent + 1 with 0 for zero: a bias that costs the shifter nothing.
  const bias = significandBits === 1 ? 1 : 0;
  const shiftBits = shifts.length < 2 ? 0 : bitLength(shifts.at(-1)! + bias);
  const floatWords = field.map((m) => (m === 0 ? 0 : (shiftOf(m) + bias) * 2 ** significandBits + m / 2 ** shiftOf(m)));
  const magnitudeBits = bitLength(magnitudes.at(-1)!);
  const twosBits = Math.max(bitLength(max), bitLength(signed ? -min - 1 : 0)) + (signed ? 1 : 0);
  const words = codes.map((v) => (v < 0 ? v + 2 ** twosBits : v));
  return {
    codeBits: bits,
    codes,
    min,
    max,
    twosBits,
    twosDecoder: diagramOf(words, bits, twosBits),
    magnitudeBits,
    magnitudeDecoder: diagramOf(field, bits, magnitudeBits),
    significandBits,
    shifts,
    shiftBits,
    floatDecoder: diagramOf(floatWords, bits, significandBits + shiftBits),
    signed,
    twosComplement:
      signed &&
      integers.every((v, code) => v === null || v === (code < integers.length / 2 ? code : code - integers.length)),
    mirrored: new Set(field).size <= codes.length / 2 + 1,
  };
}

/** A reserved code may mean anything: what a code that differs in few low bits means. */
function filled(integers: readonly (number | null)[]): number[] {
  return integers.map((v, code) => {
    for (let flip = 0; flip < integers.length; flip++) {
      const near = integers[code ^ flip];
      if (near !== null && near !== undefined) return near;
    }
    return v ?? 0;
  });
}
