import type { CodedOperand } from "./codes.ts";
import type { Bit, Draft } from "./draft.ts";
import type { AdderStyle, Heap, Num } from "./heap.ts";

/** A product on its way to the accumulator: the number, to be negated where `negate` is 1 (null: never). */
export interface Product extends Num {
  negate: Bit | null;
}

/** What a structure works with. */
export interface Operands {
  weight: CodedOperand;
  activation: CodedOperand;
  weightCode: readonly Bit[];
  activationCode: readonly Bit[];
  /** Bits of the largest magnitude of a product, and of a product as a number with its sign. */
  magnitudeBits: number;
  productBits: number;
  style: AdderStyle;
}

/** One structure of the multiplier. */
export interface Structure {
  name: string;
  /** One line for the header of the Verilog. */
  about: string;
  /** Whether it makes sense for this pair: others would only be larger. */
  fits(weight: CodedOperand, activation: CodedOperand): boolean;
  build(d: Draft, o: Operands): Product;
  /** Adds the partial products to the accumulator's own heap in place of summing them first. */
  fuse?(d: Draft, o: Operands, into: Heap): void;
}
