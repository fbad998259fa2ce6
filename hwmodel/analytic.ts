import { accumulatorBits } from "./accumulator.ts";
import { CELLS, type Cells } from "./cells.ts";
import { type Codebook, type IntegerCodebook, toInt8Table, toIntegers } from "./codebook.ts";
import { type Multiplier, multipliers } from "./multiplier.ts";
import { type Operand, operand } from "./operand.ts";

/** Wider significands than INT8's are decoded to INT8: a learned codebook on a 1/1000 grid is not meant to be exact. */
const EXACT_SIGNIFICAND_BITS = 8;

export interface Structure {
  variant: string;
  /** Code bits of both operands together. */
  operandBits: number;
  multiplierGe: number;
  accumulatorGe: number;
  accumulatorBits: number;
}

/** Every structure of the MAC with its area in gate equivalents, smallest first. Operand registers are not included. */
export function structures(weight: Codebook, activation: Codebook, terms: number, cells: Cells = CELLS): Structure[] {
  const a = numbers(weight);
  const b = numbers(activation);
  const bits = accumulatorBits(a.book, b.book, terms);
  const table = a.rounded && b.rounded ? "both via " : a.rounded ? "weight via " : b.rounded ? "activation via " : "";
  return multipliers(a.operand, b.operand, cells)
    .map((m) => ({
      variant: table === "" ? m.variant : `${table}LUT to INT8, ${m.variant}`,
      operandBits: a.book.codeBits + b.book.codeBits,
      multiplierGe: m.ge,
      accumulatorGe: accumulatorGe(bits, m, cells),
      accumulatorBits: bits,
    }))
    .sort((x, y) => x.multiplierGe + x.accumulatorGe - y.multiplierGe - y.accumulatorGe);
}

function numbers(codebook: Codebook): { book: IntegerCodebook; operand: Operand; rounded: boolean } {
  const exact = toIntegers(codebook);
  if (exact) {
    const o = operand(exact);
    if (o.significandBits <= EXACT_SIGNIFICAND_BITS) return { book: exact, operand: o, rounded: false };
  }
  const table = toInt8Table(codebook);
  return { book: table, operand: operand(table), rounded: true };
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
