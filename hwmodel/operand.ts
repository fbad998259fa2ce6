import { diagramNodes, inputOrders } from "./bdd.ts";
import type { IntegerCodebook } from "./codebook.ts";

/** How one operand's codes become numbers a multiplier can use; costs are counts of decision diagram nodes. */
export interface Operand {
  codeBits: number;
  /** Distinct values, ascending. */
  integers: readonly number[];
  min: number;
  max: number;
  /** Two's complement: bits of the number, and nodes to decode a code (0 for an integer grid). */
  twosBits: number;
  twosNodes: number;
  /** Sign and magnitude: bits of the largest magnitude; the magnitude's codes have `fieldBits` bits. */
  magnitudeBits: number;
  magnitudeNodes: number;
  fieldBits: number;
  /** magnitude = significand << shift, with the narrowest significand. */
  significandBits: number;
  shifts: number[];
  shiftBits: number;
  floatNodes: number;
  /** magnitude = a + b with a in {0} and powers of two, b in {0, 2^k} (additive powers of two), or null. */
  apot: { terms: number[]; extra: number } | null;
  /** False if there are no negative values. */
  signed: boolean;
  /** Two's complement by nature (-2^k … 2^k - 1): its codes hold no magnitude, so only integer structures apply. */
  twosComplement: boolean;
  /** Magnitudes in code order, for truth tables of products; null if codes do not split into sign and magnitude. */
  magnitudes: number[] | null;
}

export function bitLength(x: number): number {
  return x === 0 ? 0 : Math.floor(Math.log2(x)) + 1;
}

function trailingZeros(x: number): number {
  let n = 0;
  for (let y = x; y % 2 === 0; y /= 2) n++;
  return n;
}

/** Structure of a codebook from its values alone; codes are the natural ones (two's complement, or sign and rank). */
export function operand(book: IntegerCodebook): Operand {
  const { integers, codeBits: bits } = book;
  const min = integers[0]!;
  const max = integers.at(-1)!;
  const positive = integers.filter((v) => v > 0);
  const negative = integers.filter((v) => v < 0).map((v) => -v);
  const magnitudes = [...new Set(integers.map(Math.abs))].sort((a, b) => a - b);
  const signed = negative.length > 0;
  const common = magnitudes.filter((m) => m === 0 || !signed || (positive.includes(m) && negative.includes(m)));
  const special = magnitudes.filter((m) => !common.includes(m));
  // A value on one side only (E2M1+SR's +8) takes the spare code -0, so that its decoding sees the sign bit too.
  const split = special.length === 0 || (special.length === 1 && common[0] === 0);
  const fieldBits = special.length === 0 && signed ? bits - 1 : bits;
  const field = split ? new Array<number>(2 ** fieldBits).fill(0) : integers.map(Math.abs);
  if (split) {
    common.forEach((m, code) => {
      field[code] = m;
      if (special.length === 1) field[code + 2 ** (bits - 1)] = m;
    });
    if (special.length === 1) field[2 ** (bits - 1)] = special[0]!;
  }
  const orders = inputOrders(fieldBits);
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
  const grid = integers.every((v, i) => i === 0 || v === integers[i - 1]! + 1);
  const plain = field.every((m, code) => m === 0 || m === code);
  const words = integers.map((v) => (v < 0 ? v + 2 ** twosBits : v));
  return {
    codeBits: bits,
    integers,
    min,
    max,
    twosBits,
    twosNodes: grid ? 0 : diagramNodes(words, bits, twosBits, inputOrders(bits)),
    magnitudeBits,
    magnitudeNodes: plain ? 0 : diagramNodes(field, fieldBits, magnitudeBits, orders),
    fieldBits,
    significandBits,
    shifts,
    shiftBits,
    floatNodes: diagramNodes(floatWords, fieldBits, significandBits + shiftBits, orders),
    apot: split ? apotTerms(magnitudes) : null,
    signed,
    twosComplement: grid && signed && min === -max - 1,
    magnitudes: split ? field : null,
  };
}

/** Finds {a} + {0, extra} = magnitudes with every a zero or a power of two and at least three of them. */
function apotTerms(magnitudes: readonly number[]): { terms: number[]; extra: number } | null {
  const all = new Set(magnitudes);
  const isPower = (x: number) => x > 0 && Number.isInteger(Math.log2(x));
  const bases = magnitudes.filter((m) => m === 0 || isPower(m));
  for (const extra of magnitudes.filter(isPower)) {
    const terms = bases.filter((m) => m !== extra && all.has(m + extra));
    const sums = new Set(terms.flatMap((t) => [t, t + extra]));
    if (terms.length >= 3 && terms.length <= 4 && sums.size === all.size && 2 * terms.length === all.size)
      return { terms, extra };
  }
  return null;
}
