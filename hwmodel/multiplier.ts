import { diagramNodes, inputOrders } from "./bdd.ts";
import type { Cells } from "./cells.ts";
import { bitLength, type Operand } from "./operand.ts";

/** One way to build the multiplier. `signMagnitude`: the accumulator adds or subtracts a magnitude of `productBits`. */
export interface Multiplier {
  variant: string;
  ge: number;
  signMagnitude: boolean;
  productBits: number;
}

/** Truth tables of products up to this many inputs: above it other structures are always smaller. */
const TABLE_INPUTS = 8;

/** Every structure that fits the two operands. Counts of cells follow each structure; see cells.ts for their areas. */
export function multipliers(a: Operand, b: Operand, cells: Cells): Multiplier[] {
  const sign = a.signed || b.signed;
  const magnitudeBits = bitLength(Math.max(-a.min, a.max) * Math.max(-b.min, b.max));
  const signGe = a.signed && b.signed ? cells.signXor : 0;
  const found: Multiplier[] = [
    {
      variant: "two's complement",
      ge: decode(a.twosNodes + b.twosNodes, cells) + product(a.twosBits, b.twosBits, cells),
      signMagnitude: false,
      productBits: 0,
    },
  ];
  if (!a.twosComplement) found.push(...integerTimesFloat(b, a, cells), ...integerTimesApot(b, a, cells));
  if (!b.twosComplement) found.push(...integerTimesFloat(a, b, cells), ...integerTimesApot(a, b, cells));
  if (a.twosComplement || b.twosComplement) return found;
  found.push({
    variant: "sign-magnitude",
    ge: decode(a.magnitudeNodes + b.magnitudeNodes, cells) + product(a.magnitudeBits, b.magnitudeBits, cells) + signGe,
    signMagnitude: sign,
    productBits: magnitudeBits,
  });
  if (a.shifts.length > 1 || b.shifts.length > 1) {
    found.push({
      variant: a.significandBits + b.significandBits === 2 ? "log" : "float shift",
      ge: floatGe(a, b, magnitudeBits, cells) + signGe,
      signMagnitude: sign,
      productBits: magnitudeBits,
    });
  }
  const tables = [truthTable(a, b, magnitudeBits, signGe, sign, cells), productTable(a, b, cells)];
  return [...found, ...tables.filter((table) => table !== null)];
}

function decode(nodes: number, cells: Cells): number {
  return nodes * cells.node;
}

/** An m × n array: every partial product an AND, reduced by carry-save adders, Baugh–Wooley if signed (same count). */
function product(m: number, n: number, cells: Cells): number {
  const short = Math.min(m, n);
  if (short < 2) return m * n * cells.and;
  return m * n * cells.and + Math.max(0, m * n - m - n) * cells.fullAdder + short * cells.halfAdder;
}

/** Significands multiply, exponents add, a shifter of one stage per exponent bit aligns the product. */
function floatGe(a: Operand, b: Operand, outBits: number, cells: Cells): number {
  const [few, many] = a.shiftBits < b.shiftBits ? [a.shiftBits, b.shiftBits] : [b.shiftBits, a.shiftBits];
  const adder = few === 0 ? 0 : (few - 1) * cells.fullAdder + (1 + many - few) * cells.halfAdder;
  const sums = a.shifts.flatMap((x) => b.shifts.map((y) => x + y));
  return (
    decode(a.floatNodes + b.floatNodes, cells) +
    product(a.significandBits, b.significandBits, cells) +
    adder +
    shifter(
      a.significandBits === 1 && b.significandBits === 1 ? 1 : a.significandBits + b.significandBits,
      sums,
      outBits,
      cells,
    )
  );
}

function shifter(width: number, shifts: readonly number[], outBits: number, cells: Cells): number {
  let w = width;
  let outputs = 0;
  for (let stage = 1; stage <= Math.max(...shifts); stage *= 2) {
    if (!shifts.some((s) => Math.floor(s / stage) % 2 === 1)) continue;
    w = Math.min(w + stage, outBits);
    outputs += w;
  }
  return outputs * cells.shift;
}

/** The integer is multiplied by the significand, shifted, and added or subtracted by the float's sign. */
function integerTimesFloat(integer: Operand, float: Operand, cells: Cells): Multiplier[] {
  const bits = integer.twosBits + (float.significandBits === 1 ? 0 : float.significandBits);
  // One more than the magnitude's: the two's complement product's own sign bit is inverted too.
  const productBits = bitLength(Math.max(-integer.min, integer.max) * Math.max(-float.min, float.max)) + 1;
  return [
    {
      variant: float.shifts.length > 1 ? "integer times significand, shifted" : "integer times magnitude",
      ge:
        decode(integer.twosNodes + float.floatNodes, cells) +
        product(integer.twosBits, float.significandBits, cells) +
        shifter(bits, float.shifts, productBits, cells),
      signMagnitude: float.signed,
      productBits,
    },
  ];
}

/** Two shifted copies of the integer, one chosen among up to three shifts, one gated, are added. */
function integerTimesApot(integer: Operand, book: Operand, cells: Cells): Multiplier[] {
  if (!book.apot) return [];
  const n = integer.twosBits;
  const chosen = book.apot.terms.filter((t) => t > 0);
  const span = n + bitLength(Math.max(...chosen)) - 1;
  return [
    {
      variant: "APoT shift-add",
      ge:
        decode(integer.twosNodes, cells) +
        span * (chosen.length - 1) * cells.shift +
        (span + n) * cells.and +
        (span - bitLength(book.apot.extra)) * cells.fullAdder,
      signMagnitude: book.signed,
      productBits: bitLength(Math.max(-integer.min, integer.max) * Math.max(-book.min, book.max)) + 1,
    },
  ];
}

/** The product's magnitude straight from the codes. */
function truthTable(
  a: Operand,
  b: Operand,
  outBits: number,
  signGe: number,
  sign: boolean,
  cells: Cells,
): Multiplier | null {
  if (!a.magnitudes || !b.magnitudes || a.fieldBits + b.fieldBits > TABLE_INPUTS) return null;
  const inputs = a.fieldBits + b.fieldBits;
  const table: number[] = [];
  for (const x of b.magnitudes) for (const y of a.magnitudes) table.push(x * y);
  return {
    variant: "truth table",
    ge: decode(diagramNodes(table, inputs, outBits, inputOrders(inputs)), cells) + signGe,
    signMagnitude: sign,
    productBits: outBits,
  };
}

/** The product in two's complement straight from codes in order of value: for books whose two sides differ (NF3). */
function productTable(a: Operand, b: Operand, cells: Cells): Multiplier | null {
  const inputs = a.codeBits + b.codeBits;
  if (inputs > TABLE_INPUTS || (a.magnitudes && b.magnitudes)) return null;
  const products = b.integers.flatMap((y) => a.integers.map((x) => x * y));
  const outBits = bitLength(Math.max(...products.map(Math.abs))) + 1;
  const table = new Array<number>(2 ** inputs).fill(0);
  b.integers.forEach((y, i) => {
    a.integers.forEach((x, j) => {
      table[i * 2 ** a.codeBits + j] = x * y < 0 ? x * y + 2 ** outBits : x * y;
    });
  });
  const ge = decode(diagramNodes(table, inputs, outBits, inputOrders(inputs)), cells);
  return { variant: "truth table of products", ge, signMagnitude: false, productBits: outBits };
}
