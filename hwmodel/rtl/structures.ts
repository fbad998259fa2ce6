import { bitLength } from "../operand.ts";
import { decodeFloat, decodeInteger, decodeMagnitude, decodeSign, type FloatFields, lookup } from "./decode.ts";
import { type Bit, comment, type Draft, wire, ZERO } from "./draft.ts";
import { addNumber, addProduct, heap, type Num, sumHeap } from "./heap.ts";
import { hasMagnitudes, isFloat, isInteger, isMirrored, isSigned, isTwosComplement, isWide } from "./operandKinds.ts";
import { integerTimesPowers, powerSums } from "./powerSums.ts";
import type { Operands, Product, Structure } from "./product.ts";
import { shiftLeft } from "./shifter.ts";

/** A truth table of products has a row per pair of codes; above this many inputs, other structures are always smaller. */
const TABLE_INPUTS = 8;

/** Every structure. A new one is one entry here. */
export const STRUCTURES: readonly Structure[] = [
  {
    name: "twos-complement",
    about: "codes decoded to two's complement, partial products summed by adder cells (Baugh-Wooley)",
    fits: (a, b) => !isWide(a, b),
    build(d, o) {
      const h = heap(o.productBits);
      partialProducts(d, o, h);
      return { bits: sumHeap(d, h, o.style), signed: isSigned(o.weight) || isSigned(o.activation), negate: null };
    },
  },
  {
    name: "twos-complement-fused",
    about: "two's complement partial products and accumulator summed in one heap of adder cells",
    fits: (a, b) => isTwosComplement(a) && isTwosComplement(b),
    build: () => ({ bits: [], signed: false, negate: null }),
    fuse: partialProducts,
  },
  {
    name: "sign-magnitude",
    about: "magnitudes multiplied; the sign makes the accumulator subtract",
    fits: (a, b) => hasMagnitudes(a, b) && !isWide(a, b),
    build(d, o) {
      comment(d, "Magnitudes and their product");
      const a = decodeMagnitude(d, o.weight, o.weightCode, "weight");
      const b = decodeMagnitude(d, o.activation, o.activationCode, "activation");
      const bits = multiply(d, o, { bits: a, signed: false }, { bits: b, signed: false }, o.magnitudeBits).bits;
      return { bits, signed: false, negate: productSign(d, o) };
    },
  },
  {
    name: "float",
    about: "significands multiplied, exponents added, product shifted; the sign makes the accumulator subtract",
    fits: (a, b) => hasMagnitudes(a, b) && isFloat(a) && isFloat(b),
    build: (d, o) => floatProduct(d, o, 0),
  },
  {
    name: "float-biased",
    about: "as float, with exponents one higher and the product's lowest two bits dropped: simpler exponent decoders",
    fits: (a, b) => hasMagnitudes(a, b) && isFloat(a) && isFloat(b),
    build: (d, o) => floatProduct(d, o, 1),
  },
  {
    name: "float-two-shifts",
    about: "significands multiplied, product shifted by one exponent and then by the other",
    fits: (a, b) => hasMagnitudes(a, b) && (isFloat(a) || isFloat(b)),
    build(d, o) {
      const [a, b] = floats(d, o, 0);
      const product = multiply(d, o, unsigned(a), unsigned(b), productWidth(a, b));
      comment(d, "The product shifted by both exponents");
      const once = shiftLeft(d, product, a.exponent, a.maxExponent, o.magnitudeBits);
      return {
        ...shiftLeft(d, once, b.exponent, b.maxExponent, o.magnitudeBits),
        negate: signOf(d, a.sign, b.sign),
      };
    },
  },
  {
    name: "magnitude-table",
    about: "truth table of the product's magnitude; the sign makes the accumulator subtract",
    fits: (a, b) => a.bits + b.bits <= TABLE_INPUTS && hasMagnitudes(a, b),
    build(d, o) {
      comment(d, "Magnitude of the product of every pair of codes");
      return { bits: productTable(d, o, o.magnitudeBits, Math.abs), signed: false, negate: productSign(d, o) };
    },
  },
  {
    name: "product-table",
    about: "truth table of the product in two's complement",
    fits: (a, b) => a.bits + b.bits <= TABLE_INPUTS && !(isMirrored(a) && isMirrored(b)),
    build(d, o) {
      comment(d, "Product of every pair of codes");
      const signed = isSigned(o.weight) || isSigned(o.activation);
      return { bits: productTable(d, o, o.productBits, (p) => p), signed, negate: null };
    },
  },
  {
    name: "integer-times-float",
    about: "the activation as an integer times the weight's significand, shifted by the weight's exponent",
    fits: (a, b) => !isTwosComplement(a) && isInteger(b, a),
    build: (d, o) => integerTimesFloat(d, o, "weight", "activation"),
  },
  {
    name: "float-times-integer",
    about: "the weight as an integer times the activation's significand, shifted by the activation's exponent",
    fits: (a, b) => !isTwosComplement(b) && isTwosComplement(a),
    build: (d, o) => integerTimesFloat(d, o, "activation", "weight"),
  },
  {
    name: "integer-times-powers",
    about: "two shifted copies of the activation added: the weight is a sum of two powers of two (APoT)",
    fits: (a, b) => powerSums(a) !== null && isInteger(b, a),
    build: integerTimesPowers,
  },
];

function partialProducts(d: Draft, o: Operands, into: ReturnType<typeof heap>): void {
  comment(d, "Operands as integers, and their partial products");
  const a = decodeInteger(d, o.weight, o.weightCode, "weight");
  const b = decodeInteger(d, o.activation, o.activationCode, "activation");
  addProduct(d, into, a, b);
}

function multiply(d: Draft, o: Operands, a: Num, b: Num, width: number): Num {
  const h = heap(width);
  addProduct(d, h, a, b);
  return { bits: sumHeap(d, h, o.style), signed: a.signed || b.signed };
}

function floats(d: Draft, o: Operands, bias: number): [FloatFields, FloatFields] {
  comment(d, "Sign, significand and exponent of both operands");
  return [
    decodeFloat(d, o.weight, o.weightCode, "weight", bias),
    decodeFloat(d, o.activation, o.activationCode, "activation", bias),
  ];
}

function floatProduct(d: Draft, o: Operands, bias: number): Product {
  const [a, b] = floats(d, o, bias);
  const product = multiply(d, o, unsigned(a), unsigned(b), productWidth(a, b));
  comment(d, "Sum of the exponents, and the product shifted by it");
  const maxShift = a.maxExponent + b.maxExponent;
  const h = heap(bitLength(maxShift));
  addNumber(d, h, { bits: a.exponent, signed: false });
  addNumber(d, h, { bits: b.exponent, signed: false });
  const shifted = shiftLeft(d, product, sumHeap(d, h, o.style), maxShift, o.magnitudeBits + 2 * bias);
  return { bits: shifted.bits.slice(2 * bias), signed: false, negate: signOf(d, a.sign, b.sign) };
}

/** A significand of one bit only gates the other. */
function productWidth(a: FloatFields, b: FloatFields): number {
  const [m, n] = [a.significand.length, b.significand.length];
  return m === 1 || n === 1 ? m + n - 1 : m + n;
}

const unsigned = (f: FloatFields): Num => ({ bits: f.significand, signed: false });

function productSign(d: Draft, o: Operands): Bit | null {
  return signOf(
    d,
    decodeSign(d, o.weight, o.weightCode, "weight"),
    decodeSign(d, o.activation, o.activationCode, "activation"),
  );
}

export function signOf(d: Draft, a: Bit, b: Bit): Bit | null {
  if (a === ZERO) return b === ZERO ? null : b;
  return b === ZERO ? a : wire(d, "negative", `${a} ^ ${b}`, [a, b]);
}

function productTable(d: Draft, o: Operands, width: number, of: (product: number) => number): Bit[] {
  const rows = o.weight.integers.flatMap((w) =>
    o.activation.integers.map((x) => (w === null || x === null ? null : of(w * x))),
  );
  return lookup(d, "product", [...o.activationCode, ...o.weightCode], rows, width);
}

function integerTimesFloat(
  d: Draft,
  o: Operands,
  float: "weight" | "activation",
  integer: "weight" | "activation",
): Product {
  comment(d, `The ${integer} as an integer times the ${float}'s significand, shifted`);
  const codeOf = { weight: o.weightCode, activation: o.activationCode };
  const f = decodeFloat(d, o[float], codeOf[float], float);
  const i = decodeInteger(d, o[integer], codeOf[integer], integer);
  // A single significand bit gates the integer; more bits make a product.
  const product = multiply(
    d,
    o,
    i,
    unsigned(f),
    i.bits.length + (f.significand.length === 1 ? 0 : f.significand.length),
  );
  // −(lowest) needs one value more than a product's own range when it is negated after.
  const shifted = shiftLeft(d, product, f.exponent, f.maxExponent, o.productBits + 1);
  return { ...shifted, negate: f.sign === ZERO ? null : f.sign };
}
