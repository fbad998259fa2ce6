import { UserError } from "../formats/error.ts";
import { roundBinary } from "../formats/scaleFloat.ts";

/** What the cost model needs to know of a format's element; formats/ elements satisfy it. */
export interface Codebook {
  id: string;
  /** Order, scale and repeated values are irrelevant; which code means which value is in `CodedCodebook`. */
  values: ArrayLike<number>;
  /** "int": the hardware takes every two's complement code, also the lowest one where the format does not use it. */
  family?: string;
}

/** Values as integers times the largest common unit. Exact for every format of the float, integer and APoT families. */
export interface IntegerCodebook {
  id: string;
  /** Bits of a code: enough to tell the values apart. */
  codeBits: number;
  /** Ascending, distinct. */
  integers: number[];
  /** Value of integer 1. */
  unit: number;
}

/** A MAC of 8-bit codes needs 256 values; one of 10-bit codes is already a 1024-entry table per operand. */
export const MAX_CODEBOOK_ENTRIES = 1024;
/** Common units tried: fractions of the smallest magnitude down to 1/64 of it. */
const MAX_DIVISOR = 64;

/**
 * The codebook on its largest common unit (the smallest `unit` such that value/unit is an integer for all), or null if
 * there is none: quantile codebooks such as NF4 and SF4. Printed and float32 values count as equal to 1e-6 relative.
 * Throws UserError on NaN, infinity, fewer than two values, too many values, or integers beyond 2^53.
 */
export function toIntegers(codebook: Codebook): IntegerCodebook | null {
  const values = distinct(codebook);
  const magnitudes = values.map(Math.abs).filter((v) => v > 0);
  const smallest = Math.min(...magnitudes);
  const largest = Math.max(...magnitudes);
  if (largest / smallest > 2 ** 53) {
    throw new UserError(
      `${codebook.id}: values from ${smallest} to ${largest} need an accumulator of over ${2 * Math.floor(Math.log2(largest / smallest))} bits; 128 is the limit`,
    );
  }
  for (let divisor = 1; divisor <= MAX_DIVISOR; divisor++) {
    const unit = smallest / divisor;
    if (magnitudes.every((v) => isInteger(v / unit))) {
      const exact = integerCodebook(codebook.id, values, unit);
      return codebook.family === "int" ? withLowestCode(exact) : exact;
    }
  }
  return null;
}

/** What an 8-bit lookup table holds for a codebook without a common unit: round(127 v / max|v|), the `LUT→INT8` of the model. */
export function toInt8Table(codebook: Codebook): IntegerCodebook {
  const values = distinct(codebook);
  const unit = Math.max(...values.map(Math.abs)) / 127;
  return integerCodebook(codebook.id, values, unit);
}

/** What a lookup table of FP16 holds: every value with 11 significant bits. Throws UserError for values beyond FP16's range. */
export function toFp16Table(codebook: Codebook): IntegerCodebook {
  const rounded = distinct(codebook).map(roundToFp16);
  const largest = Math.max(...rounded.map(Math.abs));
  if (!(largest > 0 && largest <= 65504))
    throw new UserError(`${codebook.id}: largest value ${largest} is not one of FP16's`);
  let unit = 2 ** -24;
  while (rounded.every((v) => Number.isInteger(v / (2 * unit)))) unit *= 2;
  return integerCodebook(codebook.id, rounded, unit);
}

export function roundToFp16(v: number): number {
  return v === 0 ? 0 : Math.sign(v) * roundBinary(Math.abs(v), 10, -14);
}

/** −7 … 7 of a symmetric INT4 becomes −8 … 7: the multiplier everyone builds, and the 16-bit accumulator of the paper. */
function withLowestCode(book: IntegerCodebook): IntegerCodebook {
  const { integers, codeBits } = book;
  const half = 2 ** (codeBits - 1);
  const symmetric = integers.length === 2 * half - 1 && integers[0] === 1 - half && integers.at(-1) === half - 1;
  return symmetric && half > 1 ? { ...book, integers: [-half, ...integers] } : book;
}

function integerCodebook(id: string, values: readonly number[], unit: number): IntegerCodebook {
  // `|| 0` turns -0 into 0; rounding to a table can merge neighbours.
  const integers = [...new Set(values.map((v) => Math.round(v / unit) || 0))];
  return { id, codeBits: Math.max(1, Math.ceil(Math.log2(values.length))), integers, unit };
}

function isInteger(x: number): boolean {
  return Math.abs(x - Math.round(x)) <= Math.min(1e-3, 1e-6 * x);
}

function distinct(codebook: Codebook): number[] {
  const { id, values } = codebook;
  if (values.length > MAX_CODEBOOK_ENTRIES) {
    throw new UserError(`${id}: ${values.length} values; the cost model takes at most ${MAX_CODEBOOK_ENTRIES}`);
  }
  const kept = new Set<number>();
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (!Number.isFinite(v))
      throw new UserError(`${id}: value ${i} is ${v}; a codebook for a MAC holds finite numbers only`);
    kept.add(v === 0 ? 0 : v);
  }
  if (kept.size < 2) throw new UserError(`${id}: ${kept.size} distinct values; a MAC needs at least two`);
  return [...kept].sort((a, b) => a - b);
}
