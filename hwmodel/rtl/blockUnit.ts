import { UserError } from "../../formats/error.ts";
import { productRange } from "../accumulator.ts";
import { bitLength } from "../operand.ts";
import { ADDER_MODULES } from "./adders.ts";
import { anyOf, sumOf } from "./arithmetic.ts";
import { type CodedCodebook, type CodedOperand, codedOperand } from "./codes.ts";
import { addProducts } from "./dot.ts";
import { type Bit, bitsOf, comment, concatenate, type Draft, draft, identifier, not, wire } from "./draft.ts";
import { addToFloat32, type FloatAddend, float32Sum, signAndMagnitude } from "./float32.ts";
import { type AdderStyle, addProduct, heap, sumHeap } from "./heap.ts";
import { MULTIPLIER_PORTS, moduleText, multiplierModule, operandsFor, structureOf } from "./multiplier.ts";
import { floatFactors } from "./structures.ts";

/** How the two scales of a block are stored: powers of two (MX), unsigned E4M3 (NVFP4), or none. */
export type BlockScale = "e8m0" | "e4m3" | "none";

export interface BlockUnitOptions {
  /** Numbers in a block, multiplied in one cycle: 32 for MX, 16 for NVFP4; 1 with scale "none" is a plain MAC. */
  elements: number;
  scale: BlockScale;
  structure?: string;
  clear?: boolean;
  adder?: AdderStyle;
}

/** A unit that adds a scaled block to a float32 register: sum <- sum + scales · Σ weight[i] · activation[i]. */
export interface BlockUnitRtl {
  top: string;
  verilog: string;
  variant: string;
  elements: number;
  /** Bits of each scale port, 0 without. */
  scaleBits: number;
  latency: number;
  /** The register after a block, as float32 bits, computed like the circuit (float32.ts). Null for a reserved code. */
  next(
    sum: number,
    weights: readonly number[],
    activations: readonly number[],
    scales: [number, number],
  ): number | null;
}

/** Exponent of the lowest bit of an E4M3 significand at exponent field 0 and 1 is −9; fields add 1 each. */
const E4M3_BIAS = 10;
const E8M0_BIAS = 127;
const SCALE_BITS: Record<BlockScale, number> = { e8m0: 8, e4m3: 7, none: 0 };
/** What float32.ts normalizes: an exact block sum, times the product of two 4-bit significands for E4M3 scales. */
const MAX_MAGNITUDE_BITS = 24;

/**
 * Verilog of an MX or NVFP4 block dot product, or of a MAC, with a float32 accumulator: the block is summed exactly as integers,
 * scaled, and added with truncation; no NaN and no infinity, 0 below the normal range. Scale ports take the bits of
 * E8M0, or the 7 of E4M3 below its sign. Throws UserError where values have no power of two as unit, or the exact sum is over 24 bits.
 */
export function blockUnitVerilog(
  weight: CodedCodebook,
  activation: CodedCodebook,
  options: BlockUnitOptions,
): BlockUnitRtl {
  const { elements, scale, clear = false, adder = "ripple" } = options;
  if (!Number.isInteger(elements) || elements < 1 || elements > 128) {
    throw new UserError(`elements ${elements}: a block unit has 1 to 128`);
  }
  const w = codedOperand(weight);
  const x = codedOperand(activation);
  const unit = Math.log2(w.unit * x.unit);
  if (!Number.isInteger(unit)) {
    throw new UserError(
      `${w.id} x ${x.id}: a product's unit ${w.unit * x.unit} is no power of two; scale the codebook`,
    );
  }
  const scaleBits = SCALE_BITS[scale];
  const d = draft([...MULTIPLIER_PORTS, "clk", "clear", "sum", "weight_scale", "activation_scale"]);
  const single = elements === 1 && scale === "none" ? floatFactors(d, w, x, adder) : null;
  const structure = single ? null : structureOf(w, x, options.structure);
  const name = `${identifier(w.id)}_x_${identifier(x.id)}`;
  const multiplier = structure && multiplierModule(`multiply_${name}`, structure, operandsFor(w, x, adder));
  const addend = multiplier
    ? scaled(d, blockSum(d, w, x, multiplier, elements, adder), scale, unit, adder)
    : { ...single!, offset: unit };
  if (addend.magnitude.length > MAX_MAGNITUDE_BITS) {
    throw new UserError(
      `${w.id} x ${x.id}: ${elements} products need ${addend.magnitude.length} bits; 24 is the limit`,
    );
  }
  const top = `${scale === "none" ? "float32" : `block_${scale}`}_${elements}_${name}`;
  const register = bitsOf("sum", 32).map((bit) => (clear ? wire(d, "kept", `${bit} & ~clear`) : bit));
  const next = addToFloat32(d, register, addend, adder);
  d.lines.push("always @(posedge clk)", `  sum <= ${concatenate(next)};`);
  const ports = [
    "input wire clk",
    ...(clear ? ["input wire clear"] : []),
    `input wire [${elements * w.bits - 1}:0] weight`,
    `input wire [${elements * x.bits - 1}:0] activation`,
    ...(scaleBits > 0
      ? [`input wire [${scaleBits - 1}:0] weight_scale`, `input wire [${scaleBits - 1}:0] activation_scale`]
      : []),
    "output reg [31:0] sum",
  ];
  const how = structure ? structure.name : "float";
  return {
    top,
    verilog: [
      `// ${w.id} x ${x.id}: ${elements} products a cycle, ${scale === "none" ? "" : `block scales ${scale}, `}float32 sum (truncated). Made by bitfrontier.`,
      ...(structure ? [`// Structure: ${structure.name}: ${structure.about}.`] : []),
      "",
      ...(multiplier ? [multiplier.text, ""] : []),
      moduleText(top, ports, d),
      "",
      ADDER_MODULES,
    ].join("\n"),
    variant: `${how}, ${elements} elements, ${scale === "none" ? "" : `${scale} scales, `}float32 accumulator`,
    elements,
    scaleBits,
    latency: 1,
    next(sum, weights, activations, scales) {
      let value = 0n;
      for (let i = 0; i < elements; i++) {
        const [a, b] = [w.integers[weights[i]!], x.integers[activations[i]!]];
        if (a === null || b === null || a === undefined || b === undefined) return null;
        value += BigInt(a) * BigInt(b);
      }
      const [significand, exponent] = scaleProduct(scale, scales);
      return float32Sum(sum, value * significand, exponent + unit);
    },
  };
}

/** Product of two scales as significand · 2^exponent. */
function scaleProduct(scale: BlockScale, scales: [number, number]): [bigint, number] {
  if (scale === "none") return [1n, 0];
  if (scale === "e8m0") return [1n, scales[0] + scales[1] - 2 * E8M0_BIAS];
  const parts = scales.map((code) => {
    const field = (code >> 3) & 15;
    return { significand: BigInt((code & 7) + (field > 0 ? 8 : 0)), exponent: Math.max(1, field) };
  });
  const [a, b] = parts as [(typeof parts)[0], (typeof parts)[0]];
  return [a.significand * b.significand, a.exponent + b.exponent - 2 * E4M3_BIAS];
}

function blockSum(
  d: Draft,
  w: CodedOperand,
  x: CodedOperand,
  multiplier: Parameters<typeof addProducts>[2],
  elements: number,
  style: AdderStyle,
): { negative: Bit; magnitude: Bit[] } {
  const range = productRange(w.book, x.book);
  const [min, max] = [Number(range.min) * elements, Number(range.max) * elements];
  const h = heap(Math.max(bitLength(max), bitLength(Math.max(0, -min - 1))) + 1);
  addProducts(d, h, multiplier, elements, w.bits, x.bits);
  comment(d, `Exact sum of ${elements} products, and its magnitude`);
  const { negative, magnitude } = signAndMagnitude(d, sumHeap(d, h, style), style);
  return { negative, magnitude: magnitude.slice(0, bitLength(Math.max(max, -min))) };
}

function scaled(
  d: Draft,
  { negative, magnitude }: { negative: Bit; magnitude: Bit[] },
  scale: BlockScale,
  unit: number,
  style: AdderStyle,
): FloatAddend {
  if (scale === "none") return { negative, magnitude, exponent: [], offset: unit };
  const codes = ["weight_scale", "activation_scale"].map((name) => bitsOf(name, SCALE_BITS[scale])) as [Bit[], Bit[]];
  comment(d, `Scales of the block (${scale})`);
  if (scale === "e8m0") {
    return { negative, magnitude, exponent: sumOf(d, codes, 0, 9, style), offset: unit - 2 * E8M0_BIAS };
  }
  const fields = codes.map((code) => {
    const normal = anyOf(d, code.slice(3));
    // A subnormal has the exponent of field 1.
    const lowest = wire(d, "exponent", `${code[3]} | ${not(d, normal)}`, [normal]);
    return { significand: [...code.slice(0, 3), normal], exponent: [lowest, ...code.slice(4)] };
  });
  const [a, b] = fields as [(typeof fields)[0], (typeof fields)[0]];
  const both = heap(8);
  addProduct(d, both, { bits: a.significand, signed: false }, { bits: b.significand, signed: false });
  const product = heap(magnitude.length + 8);
  addProduct(d, product, { bits: magnitude, signed: false }, { bits: sumHeap(d, both, style), signed: false });
  return {
    negative,
    magnitude: sumHeap(d, product, style),
    exponent: sumOf(d, [a.exponent, b.exponent], 0, 5, style),
    offset: unit - 2 * E4M3_BIAS,
  };
}
