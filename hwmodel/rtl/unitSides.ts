/**
 * @file The two sides of a unit's multiplier, each a codebook as integers or a float: their codes, their ports, and what their codes multiply to.
 */
import { type FloatFormat, floatBits, floatValue, isFloatFormat } from "../floats.ts";
import { type CodedCodebook, type CodedOperand, codedOperand, type LookupTable } from "./codes.ts";
import { type BlockScale, scaleBits } from "./scales.ts";

/** A codebook, or a float whose fields are the operand. */
export type UnitOperand = CodedCodebook | FloatFormat;

/** Codes at one port: those of the elements side by side, first in the lowest bits, and the choice of a codebook that all share. */
export interface UnitPort {
  /** Bits of an element's own code. */
  bits: number;
  choiceBits: number;
  /** Bits of the port of the block's scale, 0 without. */
  scaleBits: number;
}

export const PORT_NAMES = ["weight", "activation"] as const;

/** One side of the multiplier: a codebook as integers, or a float. */
export interface Side {
  id: string;
  bits: number;
  operand: CodedOperand | null;
  float: FloatFormat | null;
  unit: number;
}

export function side(operand: UnitOperand, table: LookupTable | undefined): Side {
  if (isFloatFormat(operand))
    return { id: operand.id, bits: floatBits(operand), operand: null, float: operand, unit: 1 };
  const coded = codedOperand(operand, table);
  return { id: coded.id, bits: coded.bits, operand: coded, float: null, unit: coded.unit };
}

export function portOf({ bits, operand }: Side, scale: BlockScale | null): UnitPort {
  const choiceBits = operand?.choiceBits ?? 0;
  return { bits: bits - choiceBits, choiceBits, scaleBits: scale === null ? 0 : scaleBits(scale) };
}

export function portList(ports: readonly UnitPort[], elements: number, clear: boolean): string[] {
  return [
    "input wire clk",
    ...(clear ? ["input wire clear"] : []),
    ...ports.flatMap(({ bits, choiceBits, scaleBits: scale }, i) => [
      `input wire [${elements * bits - 1}:0] ${PORT_NAMES[i]}`,
      ...(choiceBits > 0 ? [`input wire [${choiceBits - 1}:0] ${PORT_NAMES[i]}_choice`] : []),
      ...(scale > 0 ? [`input wire [${scale - 1}:0] ${PORT_NAMES[i]}_scale`] : []),
    ]),
    "output reg [31:0] sum",
  ];
}

export function productOf(sides: readonly [Side, Side], weightCode: number, activationCode: number) {
  const [a, b] = [codeValue(sides[0], weightCode), codeValue(sides[1], activationCode)];
  return a && b && { value: a.significand * b.significand, exponent: a.exponent + b.exponent };
}

function codeValue({ operand, float }: Side, code: number): { significand: number; exponent: number } | null {
  if (float) return floatValue(float, code);
  const integer = operand!.integers[code];
  return integer === null || integer === undefined ? null : { significand: integer, exponent: 0 };
}
