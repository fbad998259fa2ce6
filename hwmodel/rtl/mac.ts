import { UserError } from "../../formats/error.ts";
import { accumulatorBits } from "../accumulator.ts";
import { addTo } from "./accumulate.ts";
import { ADDER_MODULES } from "./adders.ts";
import { type CodedCodebook, codedOperand } from "./codes.ts";
import { type Bit, bitsOf, comment, concatenate, type Draft, draft, identifier, wire } from "./draft.ts";
import { type AdderStyle, addBit, heap, sumHeap } from "./heap.ts";
import {
  exactProduct,
  MULTIPLIER_PORTS,
  type MultiplierModule,
  moduleText,
  multiplierModule,
  operandsFor,
  structureOf,
} from "./multiplier.ts";
import type { Operands, Product } from "./product.ts";
import { STRUCTURES } from "./structures.ts";

export interface RtlOptions {
  /** Name of the structure (`macStructures`); without it, the first that fits. */
  structure?: string;
  /** Products summed without loss; 256 as in the paper. */
  terms?: number;
  /** Flip-flops for both operands: a cycle more of latency. */
  inputRegisters?: boolean;
  /** Flip-flops between multiplier and accumulator (a pipeline of two stages): a cycle more of latency. */
  productRegister?: boolean;
  /** An input `clear` that starts a new sum with this cycle's product. */
  clear?: boolean;
  /** "ripple" (default) is smallest, "prefix" fastest. */
  adder?: AdderStyle;
}

/** A multiply-accumulate as Verilog: on every rising edge of `clk`, sum <- sum + weight · activation. */
export interface MacRtl {
  top: string;
  verilog: string;
  variant: string;
  /** Bits of the ports `weight`, `activation` and `sum`; `product` is 0 where structure and accumulator are fused. */
  widths: { weight: number; activation: number; product: number; accumulator: number };
  /** Rising edges from a pair of codes at the inputs to its product in `sum`; 1 without extra registers. */
  latency: number;
  terms: number;
  clear: boolean;
  /** Exact product of two codes in units of `unit`; null if one of them is reserved. */
  reference(weightCode: number, activationCode: number): number | null;
  /** What integer 1 of `sum` is worth: product of the two codebooks' units. */
  unit: number;
  /** Operands whose values were rounded to a table of INT8. */
  rounded: ("weight" | "activation")[];
}

const TOP_PORTS = [...MULTIPLIER_PORTS, "clk", "clear", "sum", "multiplier", "weight_q", "activation_q"];

/** Names of the structures that fit a pair of codebooks, simplest first. */
export function macStructures(weight: CodedCodebook, activation: CodedCodebook): string[] {
  const w = codedOperand(weight);
  const x = codedOperand(activation);
  return STRUCTURES.filter((s) => s.fits(w, x)).map(({ name }) => name);
}

/**
 * Verilog of the MAC of two codebooks: exact integers, an accumulator without loss for `terms` products, adders as
 * instances of BF_FA and BF_HA (included) for the library's cells to take their place.
 * Throws UserError for an unknown structure or one that does not fit, and for codebooks `macCost` refuses.
 */
export function macVerilog(weight: CodedCodebook, activation: CodedCodebook, options: RtlOptions = {}): MacRtl {
  const { terms = 256, adder = "ripple", clear = false, inputRegisters = false, productRegister = false } = options;
  const w = codedOperand(weight);
  const x = codedOperand(activation);
  const structure = structureOf(w, x, options.structure);
  const sumBits = accumulatorBits(w.book, x.book, terms);
  const operands = operandsFor(w, x, adder);
  const name = `${identifier(w.id)}_x_${identifier(x.id)}`;
  const fused = structure.fuse !== undefined;
  if (fused && productRegister) throw new UserError(`${structure.name}: has no product to register`);
  const multiplier = fused ? null : multiplierModule(`multiply_${name}`, structure, operands);

  const top = `mac_${name}`;
  const d = draft(TOP_PORTS);
  const h = heap(sumBits);
  const codes = registered(d, inputRegisters, operands, clear);
  for (let i = 0; i < sumBits; i++)
    addBit(h, i, codes.clear ? wire(d, "kept", `sum[${i}] & ~${codes.clear}`) : `sum[${i}]`);
  if (multiplier) {
    addTo(d, h, instance(d, multiplier, codes, productRegister));
  } else {
    const { weightCode, activationCode } = codes;
    structure.fuse?.(d, { ...operands, weightCode, activationCode }, h);
  }
  comment(d, `Accumulator: ${sumBits} bits hold any ${terms} products`);
  const next = sumHeap(d, h, adder);
  d.lines.push("always @(posedge clk)", `  sum <= ${concatenate(next)};`);

  const ports = [
    "input wire clk",
    ...(clear ? ["input wire clear"] : []),
    `input wire [${w.bits - 1}:0] weight`,
    `input wire [${x.bits - 1}:0] activation`,
    `output reg [${sumBits - 1}:0] sum`,
  ];
  const unit = w.unit * x.unit;
  const rounded = [w.rounded ? "weight" : null, x.rounded ? "activation" : null].filter((r) => r !== null) as (
    | "weight"
    | "activation"
  )[];
  const header = [
    `// ${w.id} x ${x.id}: multiply-accumulate, ${terms} terms without loss. Made by bitfrontier.`,
    `// Structure: ${structure.name}: ${structure.about}.`,
    `// sum is an integer in units of ${Number(unit.toPrecision(12))}${rounded.length > 0 ? `; rounded to a table of INT8: ${rounded.join(", ")}` : ""}.`,
    ...(clear ? ["// clear: this cycle's product starts a new sum."] : []),
  ];
  return {
    top,
    verilog: `${[...header, "", ...(multiplier ? [multiplier.text, ""] : []), moduleText(top, ports, d), "", ADDER_MODULES].join("\n")}`,
    variant: [
      structure.name,
      ...(rounded.length > 0 ? [`LUT to INT8 (${rounded.join(", ")})`] : []),
      ...(adder === "prefix" ? ["prefix adders"] : []),
      ...(inputRegisters ? ["operand registers"] : []),
      ...(productRegister ? ["product register"] : []),
    ].join(", "),
    widths: { weight: w.bits, activation: x.bits, product: multiplier?.width ?? 0, accumulator: sumBits },
    latency: 1 + Number(inputRegisters) + Number(productRegister),
    terms,
    clear,
    reference: exactProduct(w, x),
    unit,
    rounded,
  };
}

/** The multiplier's outputs in the top module, through registers if asked for. */
function instance(
  d: Draft,
  m: MultiplierModule,
  codes: { weight: string; activation: string },
  productRegister: boolean,
): Product {
  d.lines.push(`wire [${m.width - 1}:0] product;`);
  if (m.negated) d.lines.push("wire negate;");
  const pins = [`.weight(${codes.weight})`, `.activation(${codes.activation})`, ".product(product)"];
  d.lines.push(`${m.name} multiplier (${[...pins, ...(m.negated ? [".negate(negate)"] : [])].join(", ")});`);
  const suffix = productRegister ? "_q" : "";
  if (productRegister) {
    d.lines.push(`reg [${m.width - 1}:0] product_q;`, ...(m.negated ? ["reg negate_q;"] : []));
    d.lines.push("always @(posedge clk) begin", "  product_q <= product;");
    d.lines.push(...(m.negated ? ["  negate_q <= negate;"] : []), "end");
  }
  const bits = bitsOf(`product${suffix}`, m.width);
  for (const bit of bits) d.depth.set(bit, productRegister ? 0 : m.depth);
  return { bits, signed: m.signed, negate: m.negated ? `negate${suffix}` : null };
}

interface Codes {
  weight: string;
  activation: string;
  weightCode: Bit[];
  activationCode: Bit[];
  clear: string | null;
}

function registered(d: Draft, inputRegisters: boolean, o: Operands, clear: boolean): Codes {
  const suffix = inputRegisters ? "_q" : "";
  if (inputRegisters) {
    d.lines.push(`reg [${o.weight.bits - 1}:0] weight_q;`, `reg [${o.activation.bits - 1}:0] activation_q;`);
    d.lines.push("always @(posedge clk) begin", "  weight_q <= weight;", "  activation_q <= activation;", "end");
  }
  return {
    weight: `weight${suffix}`,
    activation: `activation${suffix}`,
    weightCode: bitsOf(`weight${suffix}`, o.weight.bits),
    activationCode: bitsOf(`activation${suffix}`, o.activation.bits),
    clear: clear ? "clear" : null,
  };
}
