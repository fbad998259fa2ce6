import { type Codebook, type IntegerCodebook, roundToFp16, toFp16Table, toInt8Table, toIntegers } from "../codebook.ts";
import { bitLength } from "../operand.ts";

/** A codebook as hardware sees it: an integer for every code. */
export interface CodedOperand {
  id: string;
  bits: number;
  /** Integer of each code in units of `unit`; null where a code is reserved and its product may be anything. */
  integers: readonly (number | null)[];
  unit: number;
  min: number;
  max: number;
  /** The values were rounded to a table. */
  rounded: boolean;
  /** Of the bits of a code, those above the others that a whole group shares: its choice of a codebook. */
  choiceBits: number;
  /** What `productRange` and `accumulatorBits` take. */
  book: IntegerCodebook;
}

/** A codebook that also says which code means which value, as the elements of formats/ do; null is a reserved code. */
export interface CodedCodebook extends Codebook {
  codes?: readonly (number | null)[];
  /** Of the bits of a code, those above the others that say which of several codebooks a group chose. */
  choiceBits?: number;
}

/** What a table holds for codebooks without a common unit: INT8, or FP16 where the sum is a float32. */
export type LookupTable = "int8" | "fp16";

/** Wider significands than INT8's are decoded to INT8, as in the count model (analytic.ts). */
const EXACT_SIGNIFICAND_BITS = 8;

/**
 * Exact integers for the codes of a codebook. Without codes of its own it gets natural ones: two's complement for a
 * contiguous grid, else sign and rank of the magnitude, a one-sided value taking the code of −0.
 * Throws UserError where `toIntegers` does.
 */
export function codedOperand(codebook: CodedCodebook, table: LookupTable = "int8"): CodedOperand {
  const exact = toIntegers(codebook);
  const fits = exact !== null && significandBits(exact.integers) <= EXACT_SIGNIFICAND_BITS;
  const book = fits ? exact : table === "fp16" ? toFp16Table(codebook) : toInt8Table(codebook);
  const stored = (v: number | null) => (v === null || fits || table === "int8" ? v : roundToFp16(v));
  const integers = codebook.codes ? fromCodes(codebook.codes.map(stored), book) : naturalCodes(book);
  return {
    // The id stands in a comment of the Verilog: on one line, whatever a caller put into it.
    id: codebook.id.replace(/[^ -~]/g, "?").slice(0, 80),
    bits: Math.max(1, Math.ceil(Math.log2(integers.length))),
    integers,
    unit: book.unit,
    min: book.integers[0]!,
    max: book.integers.at(-1)!,
    rounded: !fits,
    choiceBits: codebook.choiceBits ?? 0,
    book,
  };
}

/** Bits of the widest odd part of the integers: what a multiplier of significands must take. */
export function significandBits(integers: readonly number[]): number {
  return Math.max(1, ...integers.filter((v) => v !== 0).map((v) => bitLength(oddPart(Math.abs(v)))));
}

export function oddPart(x: number): number {
  let y = x;
  while (y % 2 === 0 && y > 0) y /= 2;
  return y;
}

function fromCodes(codes: readonly (number | null)[], book: IntegerCodebook): (number | null)[] {
  const lowest = book.integers[0]!;
  const used = new Set(codes.map((v) => (v === null ? null : Math.round(v / book.unit) + 0)));
  // The multiplier of a symmetric INT4 also takes 1000 as −8 (toIntegers adds it to the book).
  return codes.map((v) => {
    if (v !== null) return Math.round(v / book.unit) || 0;
    return used.has(lowest) ? null : lowest;
  });
}

function naturalCodes(book: IntegerCodebook): (number | null)[] {
  const { integers } = book;
  const size = 2 ** Math.max(1, Math.ceil(Math.log2(integers.length)));
  const codes = new Array<number | null>(size).fill(null);
  const grid = integers.every((v, i) => i === 0 || v === integers[i - 1]! + 1);
  if (grid) {
    for (const v of integers) codes[v < 0 ? v + size : v] = v;
    if (integers.every((v) => codes.includes(v))) return codes;
    codes.fill(null);
  }
  const positive = integers.filter((v) => v > 0);
  const negative = integers.filter((v) => v < 0).map((v) => -v);
  const common = positive.filter((v) => negative.includes(v)).sort((a, b) => a - b);
  const special = integers.filter((v) => v !== 0 && !common.includes(Math.abs(v)));
  if (negative.length > 0 && special.length <= 1 && common.length < size / 2) {
    [0, ...common].forEach((m, code) => {
      codes[code] = m;
      codes[code + size / 2] = -m || 0;
    });
    if (special.length === 1) codes[size / 2] = special[0]!;
    return codes;
  }
  integers.forEach((v, code) => {
    codes[code] = v;
  });
  return codes;
}
