import { accumulatorBits } from "./accumulator.ts";
import { areaOf, CELLS, type Cells } from "./cells.ts";
import type { IntegerCodebook } from "./codebook.ts";
import { type Multiplier, multipliers } from "./multiplier.ts";
import { type Operand, operand } from "./operand.ts";
import { type CodedCodebook, codedOperand, type LookupTable } from "./rtl/codes.ts";

export interface Structure {
  variant: string;
  /** Code bits of both operands together. */
  operandBits: number;
  multiplierGe: number;
  accumulatorGe: number;
  accumulatorBits: number;
}

/** Every structure of the MAC with its area in gate equivalents, smallest first. Operand registers are not included. */
export function structures(
  weight: CodedCodebook,
  activation: CodedCodebook,
  terms: number,
  cells: Cells = CELLS,
): Structure[] {
  const a = numbers(weight);
  const b = numbers(activation);
  const bits = accumulatorBits(a.book, b.book, terms);
  const table = a.rounded && b.rounded ? "both via " : a.rounded ? "weight via " : b.rounded ? "activation via " : "";
  return multipliers(a.operand, b.operand)
    .map((m) => ({
      variant: table === "" ? m.variant : `${table}LUT to INT8, ${m.variant}`,
      operandBits: a.book.codeBits + b.book.codeBits,
      multiplierGe: areaOf(m.counts, cells),
      accumulatorGe: accumulatorGe(bits, m, cells),
      accumulatorBits: bits,
    }))
    .sort((x, y) => x.multiplierGe + x.accumulatorGe - y.multiplierGe - y.accumulatorGe);
}

/** A codebook as the structures take it: exact where its significands are narrow, else by a table (rtl/codes.ts). */
export function numbers(
  codebook: CodedCodebook,
  table?: LookupTable,
): { book: IntegerCodebook; operand: Operand; rounded: boolean } {
  const { book, integers, rounded } = codedOperand(codebook, table);
  return { book, operand: operand(book, integers), rounded };
}

/** A ripple accumulator: flip-flops, half adder, full adders, top sum bit; a sign-magnitude product costs XORs and a carry-in. */
export function accumulatorGe(
  bits: number,
  product: Pick<Multiplier, "signMagnitude" | "productBits">,
  cells: Cells = CELLS,
): number {
  const plain = bits * cells.flipFlop + (bits - 2) * cells.fullAdder + cells.halfAdder + 2 * cells.xor;
  if (!product.signMagnitude) return plain;
  return plain + (cells.fullAdder - cells.halfAdder) + product.productBits * cells.xor;
}
