import { exponentOf } from "../../formats/scaleFloat.ts";
import {
  anyOf,
  chooseBits,
  constantBits,
  difference,
  exclusive,
  negateIf,
  normalize,
  shiftRight,
  sumOf,
} from "./arithmetic.ts";
import { type Bit, bitsOf, comment, type Draft, wire, ZERO } from "./draft.ts";
import type { AdderStyle } from "./heap.ts";
import { choose } from "./shifter.ts";

/** A number to add: ±magnitude · 2^(exponent + offset), the magnitude not normalized. */
export interface FloatAddend {
  negative: Bit;
  magnitude: Bit[];
  exponent: Bit[];
  offset: number;
}

/** Bits of a float32's significand with its hidden one. */
const SIGNIFICAND = 24;
/** Bits kept below the last one while adding; what is shifted out further is dropped. */
const GUARD = 3;
/** Exponents are signed numbers of so many bits on the way: two E8M0 scales and a normalization fit. */
const EXPONENT = 11;
const BIAS = 127;

/**
 * Next value of a float32 register `sum` (sign, 8 exponent bits, 23 fraction bits) after an addend: align, add, normalize, truncate
 * towards zero. Below the normal range the result is 0; there are no infinities and no NaN, and above the range it is undefined.
 * `float32Sum` is the same in TypeScript.
 */
export function addToFloat32(d: Draft, sum: readonly Bit[], addend: FloatAddend, style: AdderStyle): Bit[] {
  const sumExponent = sum.slice(23, 31);
  const present = anyOf(d, sumExponent);
  const sumSignificand = [...sum.slice(0, 23).map((bit) => gate(d, present, bit)), present];

  comment(d, "Addend normalized and cut to 24 bits; its exponent as that of a float32, 0 for a zero");
  const pad = Math.max(0, SIGNIFICAND - addend.magnitude.length);
  const wide = normalize(d, [...constantBits(0, pad), ...addend.magnitude]);
  const normal = { bits: wide.bits.slice(-SIGNIFICAND), zeros: wide.zeros };
  const some = normal.bits.at(-1)!;
  const offset = addend.offset + BIAS + wide.bits.length - 1 - pad;
  const unshifted = sumOf(d, [addend.exponent], offset, EXPONENT, style);
  const addendExponent = difference(d, unshifted, normal.zeros, EXPONENT, style).map((bit) => gate(d, some, bit));

  comment(d, "The smaller exponent's significand aligned to the larger's");
  const apart = difference(d, sumExponent, addendExponent.slice(0, EXPONENT), EXPONENT, style);
  const swap = apart.at(-1)!;
  const distance = negateIf(d, swap, apart.slice(0, -1), style);
  const guard = constantBits(0, GUARD);
  const large = [...guard, ...chooseBits(d, swap, normal.bits, sumSignificand)];
  const small = shiftRight(d, [...guard, ...chooseBits(d, swap, sumSignificand, normal.bits)], distance);
  const exponent = chooseBits(d, swap, addendExponent, sumExponent);

  comment(d, "Added or subtracted; a negative difference is negated");
  const opposite = exclusive(d, sum[31]!, addend.negative);
  const width = SIGNIFICAND + GUARD + 2;
  const operand = Array.from({ length: width }, (_, i) => exclusive(d, small[i] ?? ZERO, opposite));
  const total = sumOf(d, [large, operand, [opposite]], 0, width, style);
  const below = total.at(-1)!;
  const magnitude = negateIf(d, below, total.slice(0, -1), style);
  const largeSign = choose(d, "sign", swap, addend.negative, sum[31]!);
  const sign = exclusive(d, largeSign, below);

  comment(d, "Normalized, truncated, packed; 0 below the normal range");
  const result = normalize(d, magnitude);
  const one = sumOf(d, [signExtended(exponent)], 1, EXPONENT, style);
  const packed = difference(d, one, result.zeros, EXPONENT, style);
  const positive = wire(d, "positive", `~${packed.at(-1)} & (${packed.slice(0, -1).join(" | ")})`, packed);
  const kept = wire(d, "nonzero", `${positive} & ${result.bits.at(-1)}`, [positive, result.bits.at(-1)!]);
  const fraction = result.bits.slice(-SIGNIFICAND, -1);
  return [...fraction, ...packed.slice(0, 8), sign].map((bit) => gate(d, kept, bit));
}

function signExtended(exponent: readonly Bit[]): Bit[] {
  return Array.from({ length: EXPONENT }, (_, i) => exponent[i] ?? ZERO);
}

function gate(d: Draft, enable: Bit, bit: Bit): Bit {
  return choose(d, "gated", enable, bit, ZERO);
}

/** Sign and magnitude of a two's complement number. */
export function signAndMagnitude(
  d: Draft,
  bits: readonly Bit[],
  style: AdderStyle,
): { negative: Bit; magnitude: Bit[] } {
  const negative = bits.at(-1)!;
  return { negative, magnitude: negateIf(d, negative, bits, style) };
}

export const FLOAT32_BITS = 32;
export const float32Register = (name: string): Bit[] => bitsOf(name, FLOAT32_BITS);

/** `addToFloat32` on a bit pattern: sum + value · 2^exponent, `value` an integer of at most 53 bits. */
export function float32Sum(sum: number, value: number, exponent: number): number {
  const sumSign = sum >>> 31;
  const sumExponent = (sum >>> 23) & 0xff;
  const sumSignificand = sumExponent === 0 ? 0 : (sum & 0x7fffff) | 0x800000;
  const addendSign = value < 0 ? 1 : 0;
  const size = Math.abs(value);
  const bits = size === 0 ? 0 : exponentOf(size) + 1;
  const addendSignificand = Math.floor(size * 2 ** (SIGNIFICAND - bits));
  const addendExponent = size === 0 ? 0 : exponent + BIAS + bits - 1;
  const swap = addendExponent > sumExponent;
  const [large, small] = swap ? [addendSignificand, sumSignificand] : [sumSignificand, addendSignificand];
  const distance = Math.abs(addendExponent - sumExponent);
  const aligned = Math.floor(small * 2 ** (GUARD - distance));
  const total = large * 2 ** GUARD + (sumSign === addendSign ? aligned : -aligned);
  const magnitude = Math.abs(total);
  if (magnitude === 0) return 0;
  const length = exponentOf(magnitude) + 1;
  const resultExponent = Math.max(addendExponent, sumExponent) + length - SIGNIFICAND - GUARD;
  if (resultExponent <= 0) return 0;
  const largeSign = swap ? addendSign : sumSign;
  const sign = total < 0 ? 1 - largeSign : largeSign;
  const significand = Math.floor(magnitude * 2 ** (SIGNIFICAND - length));
  return ((sign << 31) | ((resultExponent & 0xff) << 23) | (significand & 0x7fffff)) >>> 0;
}
