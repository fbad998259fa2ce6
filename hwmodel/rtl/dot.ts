import { UserError } from "../../formats/error.ts";
import { accumulatorBits } from "../accumulator.ts";
import { ADDER_MODULES } from "./adders.ts";
import { type CodedCodebook, codedOperand } from "./codes.ts";
import { type Bit, bitsOf, comment, concatenate, type Draft, draft, identifier, wire, ZERO } from "./draft.ts";
import { type AdderStyle, addBit, addNumber, type Heap, heap, type Num, sumHeap } from "./heap.ts";
import {
  exactProduct,
  MULTIPLIER_PORTS,
  type MultiplierModule,
  moduleText,
  multiplierModule,
  operandsFor,
  structureOf,
} from "./multiplier.ts";

export interface DotOptions {
  /** Products a cycle. */
  elements: number;
  structure?: string;
  /** Products summed without loss, over all cycles. */
  terms?: number;
  clear?: boolean;
  adder?: AdderStyle;
}

/** A dot-product unit as Verilog: on every rising edge, sum <- sum + Σ weight[i] · activation[i]; first element in the lowest bits. */
export interface DotRtl {
  top: string;
  verilog: string;
  variant: string;
  elements: number;
  widths: { weight: number; activation: number; product: number; accumulator: number };
  latency: number;
  terms: number;
  clear: boolean;
  reference(weightCode: number, activationCode: number): number | null;
  unit: number;
}

/** The largest unit of the field is 64 wide (Darvish Rouhani et al., ISCA 2023); far wider ones take minutes to map. */
const MAX_ELEMENTS = 128;

/**
 * Verilog of a unit that adds `elements` products in one tree of adder cells, the accumulator among its inputs. Throws UserError
 * for a number of elements out of range and where `macVerilog` does.
 */
export function dotVerilog(weight: CodedCodebook, activation: CodedCodebook, options: DotOptions): DotRtl {
  const { elements, terms = 256, clear = false, adder = "ripple" } = options;
  if (!Number.isInteger(elements) || elements < 2 || elements > MAX_ELEMENTS) {
    throw new UserError(`elements ${elements}: a dot-product unit has 2 to ${MAX_ELEMENTS}`);
  }
  const w = codedOperand(weight);
  const x = codedOperand(activation);
  const structure = structureOf(w, x, options.structure);
  const sumBits = accumulatorBits(w.book, x.book, Math.max(terms, elements));
  const name = `${identifier(w.id)}_x_${identifier(x.id)}`;
  const operands = operandsFor(w, x, adder);
  const multiplier = structure.fuse ? null : multiplierModule(`multiply_${name}`, structure, operands);
  const top = `dot${elements}_${name}`;
  const d = draft([...MULTIPLIER_PORTS, "clk", "clear", "sum"]);
  const h = heap(sumBits);
  for (let i = 0; i < sumBits; i++) addBit(h, i, clear ? wire(d, "kept", `sum[${i}] & ~clear`) : `sum[${i}]`);
  if (multiplier) addProducts(d, h, multiplier, elements, w.bits, x.bits);
  for (let e = 0; e < elements; e++) {
    const weightCode = bitsOf("weight", elements * w.bits).slice(e * w.bits, (e + 1) * w.bits);
    const activationCode = bitsOf("activation", elements * x.bits).slice(e * x.bits, (e + 1) * x.bits);
    structure.fuse?.(d, { ...operands, weightCode, activationCode }, h);
  }
  comment(d, `Sum of ${elements} products and the accumulator`);
  d.lines.push("always @(posedge clk)", `  sum <= ${concatenate(sumHeap(d, h, adder))};`);
  const ports = [
    "input wire clk",
    ...(clear ? ["input wire clear"] : []),
    `input wire [${elements * w.bits - 1}:0] weight`,
    `input wire [${elements * x.bits - 1}:0] activation`,
    `output reg [${sumBits - 1}:0] sum`,
  ];
  return {
    top,
    verilog: [
      `// ${w.id} x ${x.id}: dot product of ${elements} elements, sums of ${terms} terms without loss. Made by bitfrontier.`,
      `// Structure: ${structure.name}: ${structure.about}.`,
      "",
      ...(multiplier ? [multiplier.text, ""] : []),
      moduleText(top, ports, d),
      "",
      ADDER_MODULES,
    ].join("\n"),
    variant: `${structure.name}, ${elements} elements${adder === "prefix" ? ", prefix adders" : ""}`,
    elements,
    widths: { weight: w.bits, activation: x.bits, product: multiplier?.width ?? 0, accumulator: sumBits },
    latency: 1,
    terms,
    clear,
    reference: exactProduct(w, x),
    unit: w.unit * x.unit,
  };
}

/**
 * Adds the products of all elements to a heap. Signs are inverted bits and one constant for all of them, in place of an
 * extension of every sign.
 */
export function addProducts(
  d: Draft,
  h: Heap,
  multiplier: MultiplierModule,
  elements: number,
  weightBits: number,
  activationBits: number,
): void {
  for (let e = 0; e < elements; e++) {
    const pins = [
      `.weight(weight[${(e + 1) * weightBits - 1}:${e * weightBits}])`,
      `.activation(activation[${(e + 1) * activationBits - 1}:${e * activationBits}])`,
      `.product(product_${e})`,
      ...(multiplier.negated ? [`.negate(negate_${e})`] : []),
    ];
    d.lines.push(
      `wire [${multiplier.width - 1}:0] product_${e};`,
      ...(multiplier.negated ? [`wire negate_${e};`] : []),
    );
    d.lines.push(`${multiplier.name} multiplier_${e} (${pins.join(", ")});`);
    const bits = bitsOf(`product_${e}`, multiplier.width);
    for (const bit of bits) d.depth.set(bit, multiplier.depth);
    const negate: Bit = multiplier.negated ? `negate_${e}` : ZERO;
    addNumber(d, h, signedProduct(d, bits, multiplier.signed, negate));
    addBit(h, 0, negate);
  }
}

/** The product's bits, inverted where it is negative; with the one that `negate` adds this is its two's complement. */
function signedProduct(d: Draft, bits: readonly Bit[], signed: boolean, negate: Bit): Num {
  if (negate === ZERO) return { bits: [...bits], signed };
  const flipped = bits.map((bit) => wire(d, "flipped", `${bit} ^ ${negate}`, [bit, negate]));
  return { bits: signed ? flipped : [...flipped, negate], signed: true };
}
