import type { MacCost } from "../cost.ts";
import { libraryById } from "../libraries/index.ts";
import { technologyNode } from "../nodes.ts";
import { MAC_TABLE_TEXT, TABLE_YOSYS } from "./macTableData.ts";
import type { SynthesizedMacCost } from "./synthesizeMac.ts";

/** A MAC of 256 terms, synthesized for least area: no operand registers, no clear, ripple adders, relaxed timing. */
export interface MacTableRow {
  weight: string;
  activation: string;
  library: string;
  accumulatorBits: number;
  areaGe: number;
  multiplierGe: number;
  /** Null where the library has no delays or energies. */
  delayPs: number | null;
  energyFj: number | null;
  recipe: string;
  /** Pairs of codes the netlist was proven over. */
  codePairs: number;
  variant: string;
}

export const TABLE_TERMS = 256;

/**
 * Standard deviation of a MAC's area in gate equivalents between the table's three libraries, relative, after a common factor
 * for each: what the choice of cells, and the luck of a recipe with them, moves (test/hwmodel/macTable.test.ts).
 */
export const SYNTHESIS_SCATTER = 0.012;

let rows: Map<string, MacTableRow> | null = null;

/** All rows of the committed table. */
export function macTable(): MacTableRow[] {
  return [...table().values()];
}

/**
 * The committed synthesis of two elements in one library, instantly and without Yosys; null where the table has no such
 * pair. `node`: whose NAND2 gives µm² for the library of gate equivalents.
 */
export function tabulatedMac(weight: string, activation: string, library: string, node = "tsmc28"): MacCost | null {
  const row = table().get(key(weight, activation, library));
  if (!row) return null;
  const cells = libraryById(library);
  const ge = cells.areaUnit === "ge" ? technologyNode(node).nand2Um2 : cells.nand2Area;
  return {
    weight,
    activation,
    terms: TABLE_TERMS,
    accumulatorBits: row.accumulatorBits,
    areaGe: row.areaGe,
    multiplierGe: row.multiplierGe,
    accumulatorGe: row.areaGe - row.multiplierGe,
    areaUm2: row.areaGe * ge,
    node: cells.areaUnit === "ge" ? technologyNode(node).id : library,
    delayPs: row.delayPs,
    energyFj: row.energyFj,
    variant: row.variant,
    provenance: "synthesized",
    // The same words for every row: sources that differ are never drawn together.
    source: `committed table: Yosys ${TABLE_YOSYS}, best of four recipes, cells of ${cells.label}, no wires; every netlist proven over all pairs of codes`,
    relativeError: SYNTHESIS_SCATTER,
  };
}

export function toRow({ cost, recipe, proof }: SynthesizedMacCost, library: string): MacTableRow {
  const { weight, activation, accumulatorBits, areaGe, multiplierGe, delayPs, energyFj, variant } = cost;
  const { codePairs } = proof;
  return {
    weight,
    activation,
    library,
    accumulatorBits,
    areaGe,
    multiplierGe,
    delayPs,
    energyFj,
    recipe,
    codePairs,
    variant,
  };
}

/** weight activation library accumulatorBits areaGe multiplierGe delayPs energyFj recipe codePairs variant… */
export function rowText(row: MacTableRow): string {
  const { weight, activation, library, accumulatorBits, recipe, codePairs, variant } = row;
  const figure = (x: number | null, digits: number) => (x === null ? "-" : x.toFixed(digits));
  return [
    ...[weight, activation, library, accumulatorBits, figure(row.areaGe, 2), figure(row.multiplierGe, 2)],
    ...[figure(row.delayPs, 1), figure(row.energyFj, 2), recipe, codePairs, variant],
  ].join(" ");
}

function table(): Map<string, MacTableRow> {
  rows ??= new Map(
    MAC_TABLE_TEXT.trim()
      .split("\n")
      .filter(Boolean)
      .map(parseRow)
      .map((row) => [key(row.weight, row.activation, row.library), row]),
  );
  return rows;
}

function parseRow(line: string): MacTableRow {
  const [weight, activation, library, bits, area, multiplier, delay, energy, recipe, pairs, ...variant] =
    line.split(" ");
  const figure = (text: string | undefined) => (text === "-" ? null : Number(text));
  return {
    weight: weight!,
    activation: activation!,
    library: library!,
    accumulatorBits: Number(bits),
    areaGe: Number(area),
    multiplierGe: Number(multiplier),
    delayPs: figure(delay),
    energyFj: figure(energy),
    recipe: recipe!,
    codePairs: Number(pairs),
    variant: variant.join(" "),
  };
}

function key(weight: string, activation: string, library: string): string {
  return `${weight} ${activation} ${library}`;
}
