/**
 * @file What a unit with a float accumulator adds to its register: one product as significand and exponent, or a block's exact sum times its scales.
 */
import { productRange } from "../accumulator.ts";
import { bitLength } from "../operand.ts";
import { exclusive, sumOf } from "./arithmetic.ts";
import { decodeFloat, decodeMagnitude, decodeSign } from "./decode.ts";
import { addProducts } from "./dot.ts";
import { type Bit, bitsOf, comment, type Draft } from "./draft.ts";
import { type FloatAddend, signAndMagnitude } from "./float32.ts";
import { type AdderStyle, addProduct, heap, sumHeap } from "./heap.ts";
import { type BlockScale, decodeScale, scaleBits } from "./scales.ts";
import { PORT_NAMES, type Side, type UnitPort } from "./unitSides.ts";

/** One product as significands multiplied and exponents added: what needs no shifter before a float accumulator. */
export function factorProduct(
  d: Draft,
  sides: readonly [Side, Side],
  structure: string,
  offset: number,
  style: AdderStyle,
): FloatAddend {
  comment(d, "Significands multiplied, exponents added");
  const [a, b] = sides.map((each, i) => factorOf(d, each, PORT_NAMES[i]!, structure)) as [Factor, Factor];
  const width = a.significand.length + b.significand.length;
  const h = heap(width);
  addProduct(d, h, { bits: a.significand, signed: false }, { bits: b.significand, signed: false });
  const most = a.maxExponent + b.maxExponent;
  return {
    negative: exclusive(d, a.sign, b.sign),
    magnitude: sumHeap(d, h, style),
    exponent: most === 0 ? [] : sumOf(d, [a.exponent, b.exponent], 0, bitLength(most), style),
    offset: offset + a.offset + b.offset,
  };
}

interface Factor {
  sign: Bit;
  significand: Bit[];
  exponent: Bit[];
  maxExponent: number;
  offset: number;
}

function factorOf(d: Draft, { operand, float, bits }: Side, port: string, structure: string): Factor {
  if (float) {
    const { exponentBits, fractionBits, bias } = float;
    const fields = decodeScale(d, { id: float.id, exponentBits, fractionBits, bias, signed: true }, bitsOf(port, bits));
    return { ...fields, maxExponent: 2 ** exponentBits - 2 };
  }
  const o = operand!;
  const own = o.bits - o.choiceBits;
  const code = [...bitsOf(port, own), ...bitsOf(`${port}_choice`, o.choiceBits)];
  if (structure === "significands") return { ...decodeFloat(d, o, code, port), offset: 0 };
  const sign = decodeSign(d, o, code, port);
  return { sign, significand: decodeMagnitude(d, o, code, port), exponent: [], maxExponent: 0, offset: 0 };
}

export function blockSum(
  d: Draft,
  sides: readonly [Side, Side],
  ports: readonly [UnitPort, UnitPort],
  multiplier: Parameters<typeof addProducts>[2],
  elements: number,
  style: AdderStyle,
): { negative: Bit; magnitude: Bit[] } {
  const range = productRange(sides[0].operand!.book, sides[1].operand!.book);
  const [min, max] = [Number(range.min) * elements, Number(range.max) * elements];
  const h = heap(Math.max(bitLength(max), bitLength(Math.max(0, -min - 1))) + 1);
  addProducts(d, h, multiplier, elements, ports);
  comment(d, `Exact sum of ${elements} products, and its magnitude`);
  const { negative, magnitude } = signAndMagnitude(d, sumHeap(d, h, style), style);
  return { negative, magnitude: magnitude.slice(0, bitLength(Math.max(max, -min))) };
}

/** The sum times the block's scales: integers multiply it, powers of two add to its exponent, signs to its sign. */
export function scaled(
  d: Draft,
  { negative, magnitude }: { negative: Bit; magnitude: Bit[] },
  scales: readonly (BlockScale | null)[],
  offset: number,
  style: AdderStyle,
): FloatAddend {
  const fields = scales.flatMap((scale, i) => {
    if (scale === null) return [];
    comment(d, `Scale of the ${PORT_NAMES[i]}'s block (${scale.id})`);
    return [decodeScale(d, scale, bitsOf(`${PORT_NAMES[i]}_scale`, scaleBits(scale)))];
  });
  const significands = fields.map((f) => f.significand).filter((bits) => bits.length > 0);
  const widest = Math.max(0, ...fields.map((f) => f.exponent.length));
  const factor = significands.length === 0 ? null : significands.reduce((a, b) => multiplied(d, a, b, style));
  return {
    negative: fields.reduce((sign, f) => exclusive(d, sign, f.sign), negative),
    magnitude: factor === null ? magnitude : multiplied(d, magnitude, factor, style),
    exponent:
      widest === 0
        ? []
        : sumOf(
            d,
            fields.map((f) => f.exponent),
            0,
            widest + fields.length - 1,
            style,
          ),
    offset: offset + fields.reduce((sum, f) => sum + f.offset, 0),
  };
}

function multiplied(d: Draft, a: readonly Bit[], b: readonly Bit[], style: AdderStyle): Bit[] {
  const h = heap(a.length + b.length);
  addProduct(d, h, { bits: [...a], signed: false }, { bits: [...b], signed: false });
  return sumHeap(d, h, style);
}
