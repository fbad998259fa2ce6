import { UserError } from "../../formats/error.ts";
import { accumulatorBits } from "../accumulator.ts";
import { MAX_ELEMENTS } from "../unit.ts";
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
  /** Bits of the ports `weight_choice` and `activation_choice`, which all elements share; part of a code's bits in `widths`. */
  choiceBits: { weight: number; activation: number };
  widths: { weight: number; activation: number; product: number; accumulator: number };
  latency: number;
  terms: number;
  clear: boolean;
  reference(weightCode: number, activationCode: number): number | null;
  unit: number;
}

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
  const d = draft([...MULTIPLIER_PORTS, ...CODE_PORTS.map((port) => `${port}_choice`), "clk", "clear", "sum"]);
  const h = heap(sumBits);
  for (let i = 0; i < sumBits; i++) addBit(h, i, clear ? wire(d, "kept", `sum[${i}] & ~clear`) : `sum[${i}]`);
  const sides = [w, x].map(({ bits, choiceBits }) => ({ bits: bits - choiceBits, choiceBits })) as [CodePort, CodePort];
  if (multiplier) addProducts(d, h, multiplier, elements, sides);
  for (let e = 0; e < elements; e++) {
    const [weightCode, activationCode] = sides.map((side, i) => codeAt(side, CODE_PORTS[i]!, e)) as [Bit[], Bit[]];
    structure.fuse?.(d, { ...operands, weightCode, activationCode }, h);
  }
  comment(d, `Sum of ${elements} products and the accumulator`);
  d.lines.push("always @(posedge clk)", `  sum <= ${concatenate(sumHeap(d, h, adder))};`);
  const ports = [
    "input wire clk",
    ...(clear ? ["input wire clear"] : []),
    ...sides.flatMap(({ bits, choiceBits }, i) => [
      `input wire [${elements * bits - 1}:0] ${CODE_PORTS[i]}`,
      ...(choiceBits > 0 ? [`input wire [${choiceBits - 1}:0] ${CODE_PORTS[i]}_choice`] : []),
    ]),
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
    variant: [
      structure.name,
      ...(w.rounded || x.rounded ? [`LUT to INT8 (${[w, x].filter((o) => o.rounded).map((o) => o.id)})`] : []),
      `${elements} elements`,
      ...(sides.some(({ choiceBits }) => choiceBits > 0) ? ["choice of codebook decoded"] : []),
      ...(adder === "prefix" ? ["prefix adders"] : []),
    ].join(", "),
    elements,
    choiceBits: { weight: w.choiceBits, activation: x.choiceBits },
    widths: { weight: w.bits, activation: x.bits, product: multiplier?.width ?? 0, accumulator: sumBits },
    latency: 1,
    terms,
    clear,
    reference: exactProduct(w, x),
    unit: w.unit * x.unit,
  };
}

const CODE_PORTS = ["weight", "activation"] as const;

/** Bits of an element's own code at a port, and of the choice that all elements share. */
interface CodePort {
  bits: number;
  choiceBits: number;
}

function codeAt({ bits, choiceBits }: CodePort, port: string, element: number): Bit[] {
  const own = bitsOf(port, (element + 1) * bits).slice(element * bits);
  return [...own, ...bitsOf(`${port}_choice`, choiceBits)];
}

function codeText({ bits, choiceBits }: CodePort, port: string, element: number): string {
  const own = `${port}[${(element + 1) * bits - 1}:${element * bits}]`;
  return choiceBits > 0 ? `{${port}_choice, ${own}}` : own;
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
  sides: readonly [CodePort, CodePort],
): void {
  for (let e = 0; e < elements; e++) {
    const pins = [
      ...sides.map((side, i) => `.${CODE_PORTS[i]}(${codeText(side, CODE_PORTS[i]!, e)})`),
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
