import { UserError } from "../../formats/error.ts";
import { productRange } from "../accumulator.ts";
import { isFloatFormat } from "../floats.ts";
import { MAX_ELEMENTS } from "../unit.ts";
import { ADDER_MODULES } from "./adders.ts";
import { type CodedCodebook, codedOperand, type LookupTable } from "./codes.ts";
import { bitsOf, concatenate, draft, identifier, wire } from "./draft.ts";
import { addToFloat32, float32Sum } from "./float32.ts";
import type { AdderStyle } from "./heap.ts";
import { MULTIPLIER_PORTS, moduleText, multiplierModule, operandsFor, structureOf } from "./multiplier.ts";
import { hasMagnitudes, isFloat } from "./operandKinds.ts";
import { type BlockScale, scaleValue } from "./scales.ts";
import { STRUCTURES } from "./structures.ts";
import { blockSum, factorProduct, scaled } from "./unitAddend.ts";
import {
  PORT_NAMES,
  portList,
  portOf,
  productOf,
  type Side,
  side,
  type UnitOperand,
  type UnitPort,
} from "./unitSides.ts";

export interface Float32UnitOptions {
  /** Products a cycle: numbers of a block; 1 without scales is a plain MAC. */
  elements?: number;
  /** Scales of the weight's and the activation's block; null for an operand that has none. */
  scales?: readonly [BlockScale | null, BlockScale | null];
  /** One of `float32Structures`; without it, the first. */
  structure?: string;
  /** What codebooks without a common unit are looked up as. */
  table?: LookupTable;
  clear?: boolean;
  adder?: AdderStyle;
}

/** A unit with a float32 register: sum <- sum + scales · Σ weight[i] · activation[i]. */
export interface Float32UnitRtl {
  top: string;
  verilog: string;
  variant: string;
  elements: number;
  ports: { weight: UnitPort; activation: UnitPort };
  scales: readonly [BlockScale | null, BlockScale | null];
  latency: 1;
  /** What a product of codes is in units of; where it is no power of two it is left to the scale applied outside. */
  unit: number;
  /** A product of two codes (choice bits above the others) as value · 2^exponent; null where one is reserved. */
  product(weightCode: number, activationCode: number): { value: number; exponent: number } | null;
  /** The register after a block, as float32 bits, computed like the circuit (float32.ts). Null for a reserved code. */
  next(
    sum: number,
    weights: readonly number[],
    activations: readonly number[],
    scales: readonly [number, number],
  ): number | null;
}

/** An exact block sum times two FP16 scales; products beyond it could not be checked in doubles. */
const MAX_MAGNITUDE_BITS = 48;

/** Structures of a float32 unit's multiplier: a float product left unshifted, or those of `macStructures`. */
export function float32Structures(
  weight: UnitOperand,
  activation: UnitOperand,
  options: Float32UnitOptions = {},
): string[] {
  const { elements = 1, scales = [null, null], table } = options;
  const wide = [weight, activation].some(isFloatFormat);
  if (wide && (elements > 1 || scales.some((scale) => scale !== null))) {
    const ids = [weight, activation].map(({ id }) => id).join(" x ");
    throw new UserError(
      `${ids}: fp16 and bf16 are multiplied one at a time; a dot product of them needs aligned significands`,
    );
  }
  const book = [weight, activation].find((operand) => !isFloatFormat(operand)) as CodedCodebook | undefined;
  if (wide) return book && isFloat(codedOperand(book, table)) ? ["significands", "magnitudes"] : ["significands"];
  const w = codedOperand(weight as CodedCodebook, table);
  const x = codedOperand(activation as CodedCodebook, table);
  const single = elements === 1 && scales.every((scale) => scale === null);
  // Without a shifter for the product, an array of whole integers is never smaller.
  if (single && hasMagnitudes(w, x) && (isFloat(w) || isFloat(x))) return ["significands"];
  const { min, max } = productRange(w.book, x.book);
  const sum = bitLengthOf((max > -min ? max : -min) * BigInt(elements));
  const factors = scales.map((scale) =>
    scale === null || scale.fractionBits === 0 ? 0 : scale.fractionBits + Number(scale.exponentBits > 0),
  );
  const bits = factors.reduce((total, n) => total + n, sum);
  if (bits > MAX_MAGNITUDE_BITS) {
    throw new UserError(
      `${w.id} x ${x.id}: ${elements} ${elements === 1 ? "product" : "products"} and scales need ${bits} bits; ${MAX_MAGNITUDE_BITS} is the limit`,
    );
  }
  return STRUCTURES.filter((s) => !s.fuse && s.fits(w, x)).map(({ name }) => name);
}

function bitLengthOf(x: bigint): number {
  return x === 0n ? 0 : x.toString(2).length;
}

/**
 * Verilog of a MAC, a dot-product unit or a block unit (MX, NVFP4, per-group scales) with a float32 accumulator: products are summed
 * exactly as integers, scaled, and added with truncation; no NaN and no infinity, 0 below the normal range. Where
 * groups choose a codebook, the choice is a port that all elements share. Throws UserError where sizes are beyond the limits.
 */
export function float32UnitVerilog(
  weight: UnitOperand,
  activation: UnitOperand,
  options: Float32UnitOptions = {},
): Float32UnitRtl {
  const { elements = 1, scales = [null, null], clear = false, adder = "ripple", table } = options;
  if (!Number.isInteger(elements) || elements < 1 || elements > MAX_ELEMENTS) {
    throw new UserError(`elements ${elements}: a unit has 1 to ${MAX_ELEMENTS}`);
  }
  const fitting = float32Structures(weight, activation, options);
  const structure = options.structure ?? fitting[0]!;
  if (!fitting.includes(structure)) {
    throw new UserError(
      `structure ${structure}: not one for ${weight.id} x ${activation.id}; these fit: ${fitting.join(", ")}`,
    );
  }
  const sides = [weight, activation].map((operand) => side(operand, table)) as [Side, Side];
  const ports = [0, 1].map((i) => portOf(sides[i as 0 | 1], scales[i as 0 | 1])) as [UnitPort, UnitPort];
  const d = draft([
    ...PORT_NAMES.flatMap((name) => [name, `${name}_choice`, `${name}_scale`]),
    ...MULTIPLIER_PORTS.slice(2),
    "clk",
    "clear",
    "sum",
  ]);
  const name = `${identifier(weight.id)}_x_${identifier(activation.id)}`;
  const unit = sides[0].unit * sides[1].unit;
  const offset = Number.isInteger(Math.log2(unit)) ? Math.log2(unit) : 0;
  const array =
    structure === "significands" || structure === "magnitudes" ? null : arrayMultiplier(name, sides, structure, adder);
  const addend = array
    ? scaled(d, blockSum(d, sides, ports, array.module, elements, adder), scales, offset, adder)
    : factorProduct(d, sides, structure, offset, adder);
  const what = scales.some((s) => s !== null) ? `block_${scales.map((s) => s?.id ?? "none").join("_")}` : "float32";
  const top = `${what}_${elements}_${name}`;
  const register = bitsOf("sum", 32).map((bit) => (clear ? wire(d, "kept", `${bit} & ~clear`) : bit));
  const next = addToFloat32(d, register, addend, adder);
  d.lines.push("always @(posedge clk)", `  sum <= ${concatenate(next)};`);
  const tables = sides.filter((each) => each.operand?.rounded);
  const scaleText = scales.map((s) => s?.id ?? "none").join(" and ");
  const description = [
    structure,
    ...(tables.length > 0
      ? [`LUT to ${table === "fp16" ? "FP16" : "INT8"} (${tables.map(({ id }) => id).join(", ")})`]
      : []),
    ...(elements > 1 ? [`${elements} elements`] : []),
    ...(scales.some((s) => s !== null) ? [`scales ${scaleText}`] : []),
    ...(ports.some(({ choiceBits }) => choiceBits > 0) ? ["choice of codebook decoded"] : []),
    ...(adder === "prefix" ? ["prefix adders"] : []),
    "float32 accumulator",
  ];
  return {
    top,
    verilog: [
      `// ${sides[0].id} x ${sides[1].id}: ${elements} ${elements === 1 ? "product" : "products"} a cycle, scales ${scaleText}, float32 sum (truncated). Made by bitfrontier.`,
      ...(array ? [`// Structure: ${array.about}.`] : [`// Structure: ${structure} multiplied, product not shifted.`]),
      ...(Number.isInteger(Math.log2(unit))
        ? []
        : [`// sum is in units of ${Number(unit.toPrecision(12))}: to be applied with the outer scale.`]),
      "",
      ...(array ? [array.module.text, ""] : []),
      moduleText(top, portList(ports, elements, clear), d),
      "",
      ADDER_MODULES,
    ].join("\n"),
    variant: description.join(", "),
    elements,
    ports: { weight: ports[0], activation: ports[1] },
    scales,
    latency: 1,
    unit,
    product: (weightCode, activationCode) => productOf(sides, weightCode, activationCode),
    next(sum, weights, activations, codes) {
      let total = 0;
      let exponent = 0;
      for (let i = 0; i < elements; i++) {
        const product = productOf(sides, weights[i]!, activations[i]!);
        if (product === null) return null;
        // One element has an exponent of its own; several are integers.
        total += product.value;
        exponent = product.exponent;
      }
      for (const [i, scale] of scales.entries()) {
        if (scale === null) continue;
        const [significand, power] = scaleValue(scale, codes[i]!);
        total *= significand;
        exponent += power;
      }
      return float32Sum(sum, total, exponent + offset);
    },
  };
}

function arrayMultiplier(name: string, sides: readonly [Side, Side], wanted: string, adder: AdderStyle) {
  const [w, x] = [sides[0].operand!, sides[1].operand!];
  const structure = structureOf(w, x, wanted);
  return {
    module: multiplierModule(`multiply_${name}`, structure, operandsFor(w, x, adder)),
    about: `${structure.name}: ${structure.about}`,
  };
}
