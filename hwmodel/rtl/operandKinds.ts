import { bitLength } from "../operand.ts";
import { type CodedOperand, significandBits } from "./codes.ts";

/** Two floats of so many integer bits together that an array multiplier of them is never the smallest. */
const MAX_ARRAY_BITS = 24;

/** The integers of the codes that are not reserved. */
export function exact({ integers }: Pick<CodedOperand, "integers">): number[] {
  return integers.filter((v) => v !== null);
}

export function isSigned(o: CodedOperand): boolean {
  return o.min < 0;
}

/** Some value has an exponent: it is larger than its significand holds. */
export function isFloat(o: CodedOperand): boolean {
  return exact(o).some((v) => v !== 0 && Math.abs(v) >= 2 ** significandBits(exact(o)));
}

/** −2^k … 2^k − 1 in two's complement: the codes hold no magnitude. */
export function isTwosComplement(o: CodedOperand): boolean {
  const size = o.integers.length;
  return isSigned(o) && o.integers.every((v, code) => v === null || v === (code < size / 2 ? code : code - size));
}

export function hasMagnitudes(a: CodedOperand, b: CodedOperand): boolean {
  return !isTwosComplement(a) && !isTwosComplement(b);
}

/** Floats too wide for an array of partial products. */
export function isWide(a: CodedOperand, b: CodedOperand): boolean {
  const bits = (o: CodedOperand) => bitLength(Math.max(-o.min, o.max));
  return hasMagnitudes(a, b) && isFloat(a) && isFloat(b) && bits(a) + bits(b) > MAX_ARRAY_BITS;
}

/** An operand to take as an integer beside one of another kind. */
export function isInteger(o: CodedOperand, other: CodedOperand): boolean {
  return isTwosComplement(o) || (isSigned(o) && o.bits !== other.bits);
}

/** Most values come with both signs: two operands of that kind need no table over their signs. */
export function isMirrored(o: CodedOperand): boolean {
  return new Set(exact(o).map(Math.abs)).size <= o.integers.length / 2 + 1;
}
