import { diagramOf } from "./bdd.ts";
import { type Counts, together } from "./cells.ts";
import { bitLength, type Operand } from "./operand.ts";
import { powerSums } from "./rtl/powerSums.ts";

/** One way to build the multiplier. `signMagnitude`: the accumulator adds or subtracts a magnitude of `productBits`. */
export interface Multiplier {
  variant: string;
  counts: Counts;
  signMagnitude: boolean;
  productBits: number;
}

/** Truth tables of products up to this many inputs: above it other structures are always smaller. */
const TABLE_INPUTS = 8;

/** Every structure that fits the two operands, as counts of its cells; see cells.ts for their areas. */
export function multipliers(a: Operand, b: Operand): Multiplier[] {
  const sign = a.signed || b.signed;
  const magnitudeBits = bitLength(Math.max(-a.min, a.max) * Math.max(-b.min, b.max));
  const signs: Counts = a.signed && b.signed ? { signXor: 1 } : {};
  const found: Multiplier[] = [
    {
      variant: "two's complement",
      counts: together(a.twosDecoder, b.twosDecoder, product(a.twosBits, b.twosBits)),
      signMagnitude: false,
      productBits: 0,
    },
  ];
  if (!a.twosComplement) found.push(integerTimesFloat(b, a), ...integerTimesApot(b, a));
  if (!b.twosComplement) found.push(integerTimesFloat(a, b), ...integerTimesApot(a, b));
  const table = productTable(a, b);
  if (table) found.push(table);
  if (a.twosComplement || b.twosComplement) return found;
  found.push({
    variant: "sign-magnitude",
    counts: together(a.magnitudeDecoder, b.magnitudeDecoder, product(a.magnitudeBits, b.magnitudeBits), signs),
    signMagnitude: sign,
    productBits: magnitudeBits,
  });
  if (a.shifts.length > 1 || b.shifts.length > 1) {
    found.push({
      variant: a.significandBits + b.significandBits === 2 ? "log" : "float shift",
      counts: together(floatParts(a, b, magnitudeBits), signs),
      signMagnitude: sign,
      productBits: magnitudeBits,
    });
  }
  const magnitudes = magnitudeTable(a, b, magnitudeBits);
  if (magnitudes) {
    const counts = together(magnitudes, signs);
    found.push({ variant: "truth table", counts, signMagnitude: sign, productBits: magnitudeBits });
  }
  return found;
}

/** An m × n array: every partial product an AND, reduced by carry-save adders, Baugh–Wooley if signed (same count). */
export function product(m: number, n: number): Counts {
  const short = Math.min(m, n);
  if (short < 2) return { and: m * n };
  return { and: m * n, fullAdder: Math.max(0, m * n - m - n), halfAdder: short };
}

/** Significands multiply, exponents add, a shifter of one stage per exponent bit aligns the product. */
function floatParts(a: Operand, b: Operand, outBits: number): Counts {
  const [few, many] = a.shiftBits < b.shiftBits ? [a.shiftBits, b.shiftBits] : [b.shiftBits, a.shiftBits];
  const adder = few === 0 ? {} : { fullAdder: few - 1, halfAdder: 1 + many - few };
  const sums = a.shifts.flatMap((x) => b.shifts.map((y) => x + y));
  const width = a.significandBits === 1 && b.significandBits === 1 ? 1 : a.significandBits + b.significandBits;
  const significands = product(a.significandBits, b.significandBits);
  return together(a.floatDecoder, b.floatDecoder, significands, adder, shifter(width, sums, outBits));
}

function shifter(width: number, shifts: readonly number[], outBits: number): Counts {
  let w = width;
  let outputs = 0;
  for (let stage = 1; stage <= Math.max(...shifts); stage *= 2) {
    if (!shifts.some((s) => Math.floor(s / stage) % 2 === 1)) continue;
    w = Math.min(w + stage, outBits);
    outputs += w;
  }
  return { shift: outputs };
}

/** The integer is multiplied by the significand, shifted, and added or subtracted by the float's sign. */
function integerTimesFloat(integer: Operand, float: Operand): Multiplier {
  const bits = integer.twosBits + (float.significandBits === 1 ? 0 : float.significandBits);
  // One more than the magnitude's: the two's complement product's own sign bit is inverted too.
  const productBits = bitLength(Math.max(-integer.min, integer.max) * Math.max(-float.min, float.max)) + 1;
  return {
    variant: float.shifts.length > 1 ? "integer times significand, shifted" : "integer times magnitude",
    counts: together(
      integer.twosDecoder,
      float.floatDecoder,
      product(integer.twosBits, float.significandBits),
      shifter(bits, float.shifts, productBits),
    ),
    signMagnitude: float.signed,
    productBits,
  };
}

/** The book's magnitudes are sums of a power of two of each of two sets: two shifted copies of the integer, chosen or gated, are added. */
function integerTimesApot(integer: Operand, book: Operand): Multiplier[] {
  const sets = powerSums({ integers: book.codes });
  if (!sets) return [];
  const n = integer.twosBits;
  const copies = [sets.first, sets.second].map((powers, which) => {
    const shifts = powers.map((power) => bitLength(power) - 1);
    const takes = powers.map((power) => sets.entries.map((entry) => Number(entry?.[which] === power)));
    const selectors = takes.map((table) => diagramOf(table, book.codeBits, 1));
    const [low, high] = [Math.min(...shifts), Math.max(...shifts)];
    const span = n + high - low;
    return { low, top: n + high, counts: together(...selectors, { and: span, shift: span * (powers.length - 1) }) };
  });
  const [a, b] = copies as [(typeof copies)[0], (typeof copies)[0]];
  return [
    {
      variant: "APoT shift-add",
      counts: together(integer.twosDecoder, a.counts, b.counts, {
        fullAdder: Math.max(a.top, b.top) - Math.max(a.low, b.low),
      }),
      signMagnitude: book.signed,
      productBits: bitLength(Math.max(-integer.min, integer.max) * Math.max(-book.min, book.max)) + 1,
    },
  ];
}

/** The product's magnitude straight from the codes. */
function magnitudeTable(a: Operand, b: Operand, outBits: number): Counts | null {
  const inputs = a.codeBits + b.codeBits;
  if (inputs > TABLE_INPUTS) return null;
  const table = b.codes.flatMap((y) => a.codes.map((x) => Math.abs(x * y)));
  return diagramOf(table, inputs, outBits);
}

/** The product in two's complement straight from the codes: for books whose two sides differ (NF3). */
function productTable(a: Operand, b: Operand): Multiplier | null {
  const inputs = a.codeBits + b.codeBits;
  if (inputs > TABLE_INPUTS || (a.mirrored && b.mirrored)) return null;
  const products = b.codes.flatMap((y) => a.codes.map((x) => x * y));
  const outBits = bitLength(Math.max(...products.map(Math.abs))) + 1;
  const table = products.map((p) => (p < 0 ? p + 2 ** outBits : p));
  return {
    variant: "truth table of products",
    counts: diagramOf(table, inputs, outBits),
    signMagnitude: false,
    productBits: outBits,
  };
}
