import { UserError } from "../../formats/error.ts";
import { productRange } from "../accumulator.ts";
import type { CodedOperand } from "./codes.ts";
import { bitsOf, concatenate, type Draft, depthOf, draft } from "./draft.ts";
import type { AdderStyle } from "./heap.ts";
import type { Operands, Structure } from "./product.ts";
import { STRUCTURES } from "./structures.ts";

/** A case statement of a decoder has a row per code; twice this width is a table of 65536 rows. */
const MAX_CODE_BITS = 10;

export const MULTIPLIER_PORTS = ["weight", "activation", "product", "negate"];

/** The structure of that name, else the first that fits. Throws UserError naming those that fit. */
export function structureOf(w: CodedOperand, x: CodedOperand, wanted: string | undefined): Structure {
  for (const o of [w, x]) {
    if (o.bits > MAX_CODE_BITS)
      throw new UserError(`${o.id}: codes of ${o.bits} bits; RTL takes at most ${MAX_CODE_BITS}`);
  }
  const fitting = STRUCTURES.filter((s) => s.fits(w, x));
  const found = wanted === undefined ? fitting[0] : fitting.find((s) => s.name === wanted);
  if (found) return found;
  throw new UserError(
    `structure ${wanted}: not one for ${w.id} x ${x.id}; these fit: ${fitting.map((s) => s.name).join(", ")}`,
  );
}

/** Operands at ports `weight` and `activation`, with the widths of their product. */
export function operandsFor(w: CodedOperand, x: CodedOperand, style: AdderStyle): Operands {
  const { min, max } = productRange(w.book, x.book);
  return {
    weight: w,
    activation: x,
    weightCode: bitsOf("weight", w.bits),
    activationCode: bitsOf("activation", x.bits),
    magnitudeBits: bitLengthOf(max > -min ? max : -min),
    productBits: min < 0n ? Math.max(bitLengthOf(max), bitLengthOf(-min - 1n)) + 1 : bitLengthOf(max),
    style,
  };
}

/** Product of two codes in units of both codebooks, null where one is reserved. */
export function exactProduct(
  w: CodedOperand,
  x: CodedOperand,
): (weightCode: number, activationCode: number) => number | null {
  return (weightCode, activationCode) => {
    const a = w.integers[weightCode];
    const b = x.integers[activationCode];
    return a === null || b === null || a === undefined || b === undefined ? null : a * b + 0;
  };
}

/** A multiplier as a module of its own: ports weight, activation, product, and negate where the sign is apart. */
export interface MultiplierModule {
  name: string;
  text: string;
  width: number;
  signed: boolean;
  negated: boolean;
  depth: number;
}

export function multiplierModule(name: string, structure: Structure, o: Operands): MultiplierModule {
  const d = draft(MULTIPLIER_PORTS);
  const product = structure.build(d, o);
  d.lines.push(`assign product = ${concatenate(product.bits)};`);
  if (product.negate) d.lines.push(`assign negate = ${product.negate};`);
  const ports = [
    `input wire [${o.weight.bits - 1}:0] weight`,
    `input wire [${o.activation.bits - 1}:0] activation`,
    `output wire [${product.bits.length - 1}:0] product`,
    ...(product.negate ? ["output wire negate"] : []),
  ];
  return {
    name,
    text: moduleText(name, ports, d),
    width: product.bits.length,
    signed: product.signed,
    negated: product.negate !== null,
    depth: depthOf(d, product.bits),
  };
}

export function moduleText(name: string, ports: readonly string[], d: Draft): string {
  const body = d.lines.map((line) => (line === "" ? "" : `  ${line}`)).join("\n");
  return `module ${name} (\n${ports.map((p) => `  ${p}`).join(",\n")}\n);\n${body}\nendmodule`;
}

function bitLengthOf(x: bigint): number {
  return x <= 0n ? 0 : x.toString(2).length;
}
