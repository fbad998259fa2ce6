import { type Format, isElementId, parseFormat } from "../../formats/index.ts";
import { type FloatFormat, floatById, isFloatFormat } from "../floats.ts";
import { libraryById } from "../libraries/index.ts";
import { technologyNode } from "../nodes.ts";
import type { LookupTable } from "../rtl/index.ts";
import { type Unit, unitName } from "../unit.ts";
import type { UnitCost } from "../unitCost.ts";
import { SYNTHESIS_SCATTER, TABLE_TERMS } from "./macTable.ts";
import type { SynthesizedUnit } from "./synthesizeUnit.ts";
import { UNIT_TABLE_TEXT, UNIT_TABLE_YOSYS } from "./unitTableData.ts";

/** A unit synthesized for least area per product: no clear, ripple adders, relaxed timing. */
export interface UnitTableRow {
  weight: string;
  activation: string;
  unit: Unit;
  table: LookupTable;
  library: string;
  accumulatorBits: number;
  /** Of the unit, over its elements. */
  areaGe: number;
  multiplierGe: number;
  delayPs: number | null;
  energyFj: number | null;
  recipe: string;
  /** Pairs of codes tried at every element, and how many there are. */
  codePairs: number;
  allPairs: number;
  variant: string;
}

let rows: Map<string, UnitTableRow> | null = null;

export function unitTable(): UnitTableRow[] {
  return [...known().values()];
}

/** A format id, or that of a wide float (`fp16`). Throws UserError for an unknown one. */
export function parseOperand(id: string): Format | FloatFormat {
  return floatById(id) ?? parseFormat(id);
}

/** The committed synthesis of a unit, instantly and without Yosys; null where the table lacks it. */
export function tabulatedUnit(
  weight: Format | FloatFormat,
  activation: Format | FloatFormat,
  unit: Unit,
  library: string,
  { table = "int8", node = "tsmc28" }: { table?: LookupTable; node?: string } = {},
): UnitCost | null {
  const [w, x] = [operandKey(weight, unit), operandKey(activation, unit)];
  const row = known().get(keyOf(w, x, unit, library, table)) ?? known().get(keyOf(w, x, unit, library, ANY_TABLE));
  if (!row) return null;
  const cells = libraryById(library);
  const inGe = cells.areaUnit === "ge";
  const um2 = inGe ? technologyNode(node).nand2Um2 : cells.nand2Area;
  const { accumulatorBits, areaGe, multiplierGe, delayPs, energyFj, variant, codePairs, allPairs } = row;
  const proof =
    codePairs === allPairs
      ? "proven over all pairs of codes"
      : `tested over ${codePairs} of ${allPairs} pairs of codes`;
  return {
    weight: nameOf(weight),
    activation: nameOf(activation),
    unit: unitName(unit),
    elements: unit.elements,
    terms: TABLE_TERMS,
    accumulatorBits,
    areaGe,
    multiplierGe,
    accumulatorGe: areaGe - multiplierGe,
    areaUm2: areaGe * um2,
    node: inGe ? technologyNode(node).id : library,
    delayPs,
    energyFj,
    variant,
    provenance: "synthesized",
    source: `committed table: Yosys ${UNIT_TABLE_YOSYS}, best of its recipes, cells of ${cells.label}, no wires; netlist ${proof}${unit.elements > 1 ? ` at each of ${unit.elements} elements` : ""}`,
    relativeError: SYNTHESIS_SCATTER,
  };
}

export function unitRow(
  made: SynthesizedUnit,
  ids: readonly [string, string],
  unit: Unit,
  table: LookupTable,
  library: string,
): UnitTableRow {
  const { accumulatorBits, areaGe, multiplierGe, delayPs, energyFj, variant } = made.cost;
  const { codePairs, allPairs } = made.proof;
  const figures = {
    accumulatorBits,
    areaGe,
    multiplierGe,
    delayPs,
    energyFj,
    recipe: made.recipe,
    codePairs,
    allPairs,
    variant,
  };
  return { weight: ids[0], activation: ids[1], unit, table, library, ...figures };
}

/** weight activation elements accumulator scaled table library bits areaGe multiplierGe delayPs energyFj recipe codePairs allPairs variant… */
export function unitRowText(row: UnitTableRow): string {
  const figure = (x: number | null, digits: number) => (x === null ? "-" : x.toFixed(digits));
  const { elements, accumulator, scaled } = row.unit;
  return [
    ...[row.weight, row.activation, elements, accumulator, scaled ? "scaled" : "plain", row.table, row.library],
    ...[row.accumulatorBits, figure(row.areaGe, 2), figure(row.multiplierGe, 2), figure(row.delayPs, 1)],
    ...[figure(row.energyFj, 2), row.recipe, row.codePairs, row.allPairs, row.variant],
  ].join(" ");
}

/** How the table calls an operand: by its element where scales do not enter and it has one, else by its format's id. */
export function operandKey(operand: Format | FloatFormat, { scaled }: Unit): string {
  if (isFloatFormat(operand)) return operand.id;
  const { element, coder } = operand;
  const alone = element !== null && coder === "scaled" && isElementId(element.id);
  return alone && (!scaled || typeof operand.group !== "number") ? element.id : operand.id;
}

/** Exact codebooks need no lookup: their rows answer for any. */
const ANY_TABLE = "any";

function known(): Map<string, UnitTableRow> {
  rows ??= new Map(
    UNIT_TABLE_TEXT.trim()
      .split("\n")
      .filter(Boolean)
      .map(parseRow)
      .map((row) => [
        keyOf(row.weight, row.activation, row.unit, row.library, row.variant.includes("LUT") ? row.table : ANY_TABLE),
        row,
      ]),
  );
  return rows;
}

function parseRow(line: string): UnitTableRow {
  const [weight, activation, elements, accumulator, scaled, table, library, ...rest] = line.split(" ");
  const [bits, area, multiplier, delay, energy, recipe, codePairs, allPairs, ...variant] = rest;
  const figure = (text: string | undefined) => (text === "-" ? null : Number(text));
  return {
    weight: weight!,
    activation: activation!,
    unit: { elements: Number(elements), accumulator: accumulator as Unit["accumulator"], scaled: scaled === "scaled" },
    table: table as LookupTable,
    library: library!,
    accumulatorBits: Number(bits),
    areaGe: Number(area),
    multiplierGe: Number(multiplier),
    delayPs: figure(delay),
    energyFj: figure(energy),
    recipe: recipe!,
    codePairs: Number(codePairs),
    allPairs: Number(allPairs),
    variant: variant.join(" "),
  };
}

function keyOf(
  weight: string,
  activation: string,
  { elements, accumulator, scaled }: Unit,
  library: string,
  table: string,
): string {
  return [weight, activation, elements, accumulator, scaled, library, table].join(" ");
}

function nameOf(operand: Format | FloatFormat): string {
  return isFloatFormat(operand) ? operand.id : (operand.name ?? operand.element?.id ?? operand.id);
}
