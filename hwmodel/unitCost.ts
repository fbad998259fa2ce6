import { type Format, operandsOf, UserError } from "../formats/index.ts";
import { accumulatorBits, productRange } from "./accumulator.ts";
import { numbers } from "./analytic.ts";
import { areaOf, CELLS, type Cells } from "./cells.ts";
import type { MacCost } from "./cost.ts";
import { type FloatFormat, isFloatFormat } from "./floats.ts";
import type { MacOptions } from "./macCost.ts";
import { type Multiplier, multipliers, product } from "./multiplier.ts";
import { technologyNode } from "./nodes.ts";
import { bitLength, type Operand } from "./operand.ts";
import type { LookupTable } from "./rtl/codes.ts";
import { type BlockScale, formatScale } from "./rtl/scales.ts";
import { type Unit, unitName } from "./unit.ts";

/** Cost of a unit for each of its products: areas and energy are the unit's over `elements`. */
export interface UnitCost extends MacCost {
  unit: string;
  elements: number;
}

/** A multiplexer of the float32 stage in gate equivalents, fitted to the committed MACs with a float32 sum. */
const MUX = 1.1;
/** Root mean square error on the 30 committed dot products and blocks, which MUX was not fitted to (test/hwmodel/unitTable.test.ts). */
export const UNIT_MODEL_ERROR = 0.054;

const SIGNIFICAND = 24;
/** Bits of exponents on the way, and of significands with guard bits (rtl/float32.ts). */
const EXPONENT = 11;
const ALIGNED = 27;

/**
 * Modelled cost of a unit, per product: multipliers as in the count model, a tree of adders counted column by column, the float32
 * stage and scales counted from their Verilog's shape.
 * Throws UserError as `macCost` and `formatScale` do.
 */
export function unitCost(
  weight: Format | FloatFormat,
  activation: Format | FloatFormat,
  unit: Unit,
  options: MacOptions & { table?: LookupTable } = {},
): UnitCost {
  const { terms = 256 } = options;
  const node = technologyNode(options.node ?? "tsmc28");
  const { elements, accumulator } = unit;
  const [a, b] = [sideOf(weight, options.table), sideOf(activation, options.table)];
  const choices =
    accumulator === "exact" ? exactUnits(a, b, elements, terms) : floatUnits(a, b, unit, [weight, activation]);
  const best = choices.reduce((x, y) => (total(y) < total(x) ? y : x));
  const areaGe = total(best) / elements;
  return {
    weight: nameOf(weight),
    activation: nameOf(activation),
    unit: unitName(unit),
    elements,
    terms,
    accumulatorBits: best.bits,
    areaGe,
    multiplierGe: best.multiplierGe / elements,
    accumulatorGe: best.restGe / elements,
    areaUm2: areaGe * node.nand2Um2,
    node: node.id,
    delayPs: null,
    energyFj: null,
    variant: `${best.variant}${elements > 1 ? `, ${elements} elements` : ""}${accumulator === "float32" ? ", float32 accumulator" : ""}`,
    provenance: "modelled",
    source: `cell counts with Nangate 45 nm ratios, no wires; NAND2 of ${node.id}: ${node.source}`,
    relativeError: UNIT_MODEL_ERROR,
  };
}

interface Parts {
  variant: string;
  multiplierGe: number;
  restGe: number;
  bits: number;
}

const total = ({ multiplierGe, restGe }: Parts) => multiplierGe + restGe;

type Side = ReturnType<typeof numbers> | FloatFormat;

/** Of a family all values together: the choice of a codebook is part of what is decoded. */
function sideOf(format: Format | FloatFormat, table?: LookupTable): Side {
  if (isFloatFormat(format)) return format;
  const operands = operandsOf(format);
  if (operands.length === 1) return numbers(operands[0]!, table);
  return numbers({ id: format.id, values: operands.flatMap(({ values }) => values) }, table);
}

function exactUnits(a: Side, b: Side, elements: number, terms: number): Parts[] {
  if (isFloatFormat(a) || isFloatFormat(b))
    throw new UserError("fp16 and bf16: products are added as float32, not exactly");
  const bits = accumulatorBits(a.book, b.book, Math.max(terms, elements));
  const register = bits * CELLS.flipFlop;
  const [m, n] = [a.operand.twosBits, b.operand.twosBits];
  const fused = {
    variant: "two's complement, fused",
    multiplierGe: elements * m * n * CELLS.and,
    restGe: adderTreeGe((column) => elements * partials(m, n, column) + 1, bits) + register,
    bits,
  };
  const apart = multipliers(a.operand, b.operand).map((each) => ({
    variant: each.variant,
    multiplierGe: elements * areaOf(each.counts, CELLS),
    restGe: treeGe(each, productBits(each, a.operand, b.operand), elements, bits, true) + register,
    bits,
  }));
  return a.operand.twosComplement && b.operand.twosComplement ? [fused, ...apart] : apart;
}

/** Partial products of an m × n array in a column. */
function partials(m: number, n: number, column: number): number {
  return Math.max(0, Math.min(column, m - 1) - Math.max(0, column - n + 1) + 1);
}

function floatUnits(a: Side, b: Side, { elements, scaled }: Unit, formats: readonly (Format | FloatFormat)[]): Parts[] {
  const scales = formats.map((format) => (scaled && !isFloatFormat(format) ? formatScale(format) : null));
  if (
    isFloatFormat(a) ||
    isFloatFormat(b) ||
    (elements === 1 && scales.every((s) => s === null) && isFloating(a) && isFloating(b))
  ) {
    const [m, n] = [significandBits(a), significandBits(b)];
    const ge = areaOf(product(m, n), CELLS) + decodeGe(a) + decodeGe(b) + 8 * CELLS.fullAdder;
    return [{ variant: "significands", multiplierGe: ge, restGe: float32StageGe(m + n), bits: 32 }];
  }
  const { min, max } = productRange(a.book, b.book);
  const sumBits = bitLength(Number(max > -min ? max : -min) * elements) + 1;
  return multipliers(a.operand, b.operand).map((m) => {
    const tree = treeGe(m, productBits(m, a.operand, b.operand), elements, sumBits, false);
    const magnitude = sumBits * (CELLS.halfAdder + CELLS.xor);
    const { ge, bits } = scalesGe(scales, sumBits);
    return {
      variant: m.variant,
      multiplierGe: elements * areaOf(m.counts, CELLS),
      restGe: tree + magnitude + ge + float32StageGe(bits),
      bits: 32,
    };
  });
}

function isFloating(side: Side): boolean {
  return isFloatFormat(side) || (side.operand.shifts.length > 1 && !side.operand.twosComplement);
}

function significandBits(side: Side): number {
  if (isFloatFormat(side)) return side.fractionBits + 1;
  return side.operand.twosComplement ? side.operand.twosBits - 1 : side.operand.significandBits;
}

function decodeGe(side: Side): number {
  if (isFloatFormat(side)) return side.exponentBits * CELLS.and;
  const { twosComplement, twosBits, floatDecoder } = side.operand;
  return twosComplement ? twosBits * (CELLS.halfAdder + CELLS.xor) : areaOf(floatDecoder, CELLS);
}

function productBits(m: Multiplier, a: Operand, b: Operand): number {
  return m.signMagnitude ? m.productBits : bitLength(Math.max(-a.min, a.max) * Math.max(-b.min, b.max)) + 1;
}

/** Adders that sum `elements` products, and the accumulator if it is among them. */
function treeGe(m: Multiplier, bits: number, elements: number, width: number, accumulate: boolean): number {
  if (elements === 1 && !accumulate) return 0;
  const products = (column: number) => (column < bits + Number(m.signMagnitude) ? elements : 0);
  // A product with its sign apart is inverted where that is negative, and a one is added.
  const negated = (column: number) => (column === 0 && m.signMagnitude ? elements : 0);
  const flips = m.signMagnitude ? elements * bits * CELLS.xor : 0;
  return flips + adderTreeGe((column) => products(column) + negated(column) + Number(accumulate), width);
}

/** Adders over columns of so many bits, from the lowest up (rtl/heap.ts). */
function adderTreeGe(heightOf: (column: number) => number, width: number): number {
  let carries = 0;
  let ge = 0;
  for (let column = 0; column < width - 1; column++) {
    const height = heightOf(column) + carries;
    const full = Math.max(0, Math.floor((height - 1) / 2));
    const half = height > 0 && height % 2 === 0 ? 1 : 0;
    ge += full * CELLS.fullAdder + half * CELLS.halfAdder;
    carries = full + half;
  }
  return ge + Math.max(0, heightOf(width - 1) + carries - 1) * CELLS.xor;
}

/** The block's scales on a magnitude of `bits`: significands multiplied, exponents added. */
function scalesGe(scales: readonly (BlockScale | null)[], bits: number): { ge: number; bits: number } {
  const present = scales.filter((scale) => scale !== null);
  const significands = present.map((s) =>
    s.exponentBits === 0 ? s.fractionBits : s.fractionBits > 0 ? s.fractionBits + 1 : 0,
  );
  const wide = significands.filter((n) => n > 0);
  let ge = present.length > 1 ? Math.max(...present.map((s) => s.exponentBits)) * CELLS.fullAdder : 0;
  if (wide.length === 2) ge += areaOf(product(wide[0]!, wide[1]!), CELLS);
  const factor = wide.reduce((sum, n) => sum + n, 0);
  if (factor > 0) ge += areaOf(product(bits - 1, factor), CELLS);
  return { ge, bits: bits - 1 + factor };
}

/** Normalize, align, add, negate, normalize, pack: the parts of rtl/float32.ts for a magnitude of `bits`. */
export function float32StageGe(bits = SIGNIFICAND, cells: Cells = CELLS, mux = MUX): number {
  const wide = Math.max(SIGNIFICAND, bits);
  // Of a narrow magnitude only its own bits move.
  const normalize = Math.min(wide, bits + bits / 2) * Math.ceil(Math.log2(wide));
  const swap = 2 * SIGNIFICAND + EXPONENT;
  const align = ALIGNED * 5;
  const renormalize = (ALIGNED + 1) * 5;
  const muxes = normalize + swap + align + renormalize;
  const exponents = 4 * EXPONENT * cells.fullAdder + 2 * EXPONENT * cells.halfAdder;
  const adder = (ALIGNED + 2) * (cells.fullAdder + cells.xor) + (ALIGNED + 1) * (cells.halfAdder + cells.xor);
  const gates = (2 * SIGNIFICAND + 32) * cells.and;
  return muxes * mux + exponents + adder + gates + 32 * cells.flipFlop;
}

function nameOf(operand: Format | FloatFormat): string {
  return isFloatFormat(operand) ? operand.id : (operand.name ?? operand.element?.id ?? operand.id);
}
