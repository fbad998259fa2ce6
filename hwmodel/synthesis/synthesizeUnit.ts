import type { Format } from "../../formats/index.ts";
import { UserError } from "../../formats/index.ts";
import { type FloatFormat, isFloatFormat } from "../floats.ts";
import { type CellLibrary, libraryById } from "../libraries/index.ts";
import {
  arrivalTimes,
  type Netlist,
  type PortStreams,
  switchingEnergy,
  unitStreams,
  verifyFloat32Unit,
  verifyMac,
} from "../netlist/index.ts";
import { technologyNode } from "../nodes.ts";
import {
  type AdderStyle,
  type DotRtl,
  dotVerilog,
  type Float32UnitRtl,
  float32Structures,
  float32UnitVerilog,
  formatScale,
  type LookupTable,
  macStructures,
  type UnitOperand,
} from "../rtl/index.ts";
import { type Unit, unitName } from "../unit.ts";
import { type UnitCost, unitCost } from "../unitCost.ts";
import type { Cache } from "./cache.ts";
import { SYNTHESIS_SCATTER } from "./macTable.ts";
import { operandCodebook } from "./operandCodebook.ts";
import { FAST_RECIPE, RECIPES, type Recipe, recipeById } from "./recipes.ts";
import { synthesize } from "./synthesize.ts";
import { cellArea } from "./synthesizeMac.ts";
import { T5, type Traffic } from "./typicalStreams.ts";
import type { Yosys } from "./yosys.ts";

export interface UnitSynthesisOptions {
  yosys: Yosys;
  library?: CellLibrary;
  objective?: "area" | "delay" | "energy";
  cache?: Cache;
  timeoutMs?: number;
  terms?: number;
  adder?: AdderStyle;
  /** What codebooks without a common unit are looked up as in float32 units; INT8. */
  table?: LookupTable;
  /** What the energy is measured on; both operands t(5) without it. */
  traffic?: Traffic;
  /** Structures to try; without it the search's own. */
  structures?: readonly string[];
  recipes?: readonly Recipe[];
  node?: string;
}

export interface SynthesizedUnit {
  cost: UnitCost;
  recipe: string;
  proof: { codePairs: number; allPairs: number; checks: number };
  rtl: UnitRtl;
  netlist: Netlist;
}

export type UnitRtl = { kind: "dot"; rtl: DotRtl } | { kind: "float32"; rtl: Float32UnitRtl };

/** Structures of wide units are compared at this width; the best two are built in full. */
const TRIAL_ELEMENTS = 2;
const FINALISTS = 2;
const CYCLES = 64;

/** What stands at a port: a format's codes or a float's fields. */
export function unitOperand(operand: Format | FloatFormat): UnitOperand {
  return isFloatFormat(operand) ? operand : operandCodebook(operand);
}

/** The Verilog of a unit; `structure` is one of `unitStructures`. Throws UserError for what cannot be built. */
export function unitVerilog(
  weight: Format | FloatFormat,
  activation: Format | FloatFormat,
  unit: Unit,
  options: { structure?: string; terms?: number; adder?: AdderStyle; table?: LookupTable } = {},
): UnitRtl {
  const [w, x] = [unitOperand(weight), unitOperand(activation)];
  const { elements } = unit;
  if (unit.accumulator === "exact") {
    if (isFloatFormat(w) || isFloatFormat(x)) {
      throw new UserError(`${w.id} x ${x.id}: products of fp16 and bf16 are added as float32, not exactly`);
    }
    return { kind: "dot", rtl: dotVerilog(w, x, { ...options, elements }) };
  }
  return {
    kind: "float32",
    rtl: float32UnitVerilog(w, x, { ...options, elements, scales: scalesOf(weight, activation, unit) }),
  };
}

function scalesOf(weight: Format | FloatFormat, activation: Format | FloatFormat, { scaled, elements }: Unit) {
  const scale = (operand: Format | FloatFormat) => {
    if (!scaled || isFloatFormat(operand)) return null;
    const found = formatScale(operand);
    if (found && typeof operand.group === "number" && operand.group % elements !== 0) {
      throw new UserError(
        `${operand.id}: a block of ${elements} elements does not divide its groups of ${operand.group}`,
      );
    }
    return found;
  };
  return [scale(weight), scale(activation)] as const;
}

export function unitStructures(
  weight: Format | FloatFormat,
  activation: Format | FloatFormat,
  unit: Unit,
  table?: LookupTable,
): string[] {
  const [w, x] = [unitOperand(weight), unitOperand(activation)];
  if (unit.accumulator === "exact" && !isFloatFormat(w) && !isFloatFormat(x)) return macStructures(w, x);
  return float32Structures(w, x, {
    elements: unit.elements,
    scales: scalesOf(weight, activation, unit),
    ...(table ? { table } : {}),
  });
}

/**
 * Synthesizes a dot-product unit, a block unit with its scales, or a MAC with a float32 register, by several structures and
 * recipes, keeps the best by the objective, and proves its netlist: every pair of codes at every element. Of over 2^20 pairs so many
 * are tried, which the source then says. Throws UserError as `synthesizeMac` does.
 */
export async function synthesizeUnit(
  weight: Format | FloatFormat,
  activation: Format | FloatFormat,
  unit: Unit,
  options: UnitSynthesisOptions,
): Promise<SynthesizedUnit> {
  const { library = libraryById("generic"), objective = "area", terms = 256, adder, table } = options;
  const needed = { area: true, delay: library.hasDelays, energy: library.hasEnergies }[objective];
  if (!needed) throw new UserError(`library ${library.id}: its cells have no ${objective}, so there is no best`);
  const build = { terms, ...(table ? { table } : {}) };
  const adders: readonly AdderStyle[] = adder || objective !== "delay" ? [adder ?? "ripple"] : ["ripple", "prefix"];
  const make = async (structure: string, elements: number, recipes: readonly Recipe[]) => {
    const made = adders.map((style) =>
      unitVerilog(weight, activation, { ...unit, elements }, { ...build, structure, adder: style }),
    );
    const found = await Promise.all(made.map(({ rtl }) => synthesize(rtl, library, { ...options, recipes })));
    return found.flatMap((results, i) =>
      results.map(({ recipe, netlist }) => ({ made: made[i]!, recipe, netlist, area: cellArea(netlist, library) })),
    );
  };
  const all = options.structures ?? unitStructures(weight, activation, unit, table);
  const shortlist =
    unit.elements > TRIAL_ELEMENTS && all.length > FINALISTS && objective === "area"
      ? await best(all, (structure) => make(structure, TRIAL_ELEMENTS, [recipeById("amap")]))
      : all;
  const recipes = options.recipes ?? recipesFor(unit.elements, objective);
  const candidates = (await Promise.all(shortlist.map((structure) => make(structure, unit.elements, recipes)))).flat();
  const energyOf = (c: (typeof candidates)[number]) =>
    switchingEnergy(c.netlist, library, streamsOf(weight, activation, c.made, options));
  const figures = candidates.map((c) =>
    objective === "area" ? c.area : objective === "delay" ? arrivalTimes(c.netlist).delayPs : energyOf(c).energyFj,
  );
  const chosen = candidates[figures.indexOf(Math.min(...figures))]!;
  const { made, netlist, recipe } = chosen;
  const proof = prove(netlist, made);
  const energy = library.hasEnergies ? energyOf(chosen) : null;
  const areaGe = chosen.area / unit.elements;
  const inMultipliers = cellArea(netlist, library, (name) => /(^|[\\ ])multiplier_\d+\./.test(name)) / unit.elements;
  // Where multiplier and adder are merged the share is the count model's, the whole being what was measured.
  const multiplierGe =
    inMultipliers > 0 ? inMultipliers : Math.min(areaGe, unitCost(weight, activation, unit, build).multiplierGe);
  const node = library.areaUnit === "um2" ? null : technologyNode(options.node ?? "tsmc28");
  const bits = netlist.outputs.sum!.length;
  const proven =
    proof.codePairs === proof.allPairs
      ? `proven over ${proof.codePairs} pairs of codes`
      : `tested over ${proof.codePairs} of ${proof.allPairs} pairs of codes`;
  return {
    cost: {
      weight: nameOf(weight),
      activation: nameOf(activation),
      unit: unitName(unit),
      elements: unit.elements,
      terms,
      accumulatorBits: bits,
      areaGe,
      multiplierGe,
      accumulatorGe: areaGe - multiplierGe,
      areaUm2: areaGe * (node ? node.nand2Um2 : library.nand2Area),
      node: node ? node.id : library.id,
      delayPs: library.hasDelays ? arrivalTimes(netlist).delayPs : null,
      energyFj: energy ? energy.energyFj / unit.elements : null,
      ...(energy ? { zeroDelayFj: energy.zeroDelayFj / unit.elements } : {}),
      variant: made.rtl.variant,
      provenance: "synthesized",
      source: `Yosys ${options.yosys.version}, recipe ${recipe.id}, cells of ${library.label}, no wires; netlist ${proven}${unit.elements > 1 ? ` at each of ${unit.elements} elements` : ""}`,
      relativeError: SYNTHESIS_SCATTER,
    },
    recipe: recipe.id,
    proof,
    rtl: made,
    netlist,
  };
}

/** The structures of least area at two elements. */
async function best(
  structures: readonly string[],
  make: (structure: string) => Promise<readonly { area: number }[]>,
): Promise<string[]> {
  const areas = await Promise.all(structures.map(async (structure) => (await make(structure))[0]!.area));
  const order = structures.map((structure, i) => ({ structure, area: areas[i]! })).sort((a, b) => a.area - b.area);
  return order.slice(0, FINALISTS).map(({ structure }) => structure);
}

/** Wide units keep their multipliers as modules: one is mapped and used many times. */
function recipesFor(elements: number, objective: "area" | "delay" | "energy"): readonly Recipe[] {
  const few = elements > 1 ? RECIPES.filter(({ flatten }) => !flatten) : RECIPES;
  return objective === "delay" ? [...few, FAST_RECIPE] : few;
}

function prove(netlist: Netlist, made: UnitRtl): SynthesizedUnit["proof"] {
  if (made.kind === "float32") return verifyFloat32Unit(netlist, made.rtl);
  const { rtl } = made;
  const proof = verifyMac(netlist, rtl.reference, {
    terms: rtl.terms,
    elements: rtl.elements,
    choiceBits: rtl.choiceBits,
  });
  return { ...proof, allPairs: proof.codePairs };
}

function streamsOf(
  weight: Format | FloatFormat,
  activation: Format | FloatFormat,
  made: UnitRtl,
  { traffic = {} }: UnitSynthesisOptions,
): PortStreams {
  const { elements } = made.rtl;
  const ports =
    made.kind === "float32"
      ? made.rtl.ports
      : {
          weight: portOf(made.rtl.widths.weight, made.rtl.choiceBits.weight),
          activation: portOf(made.rtl.widths.activation, made.rtl.choiceBits.activation),
        };
  const of = (operand: Format | FloatFormat, port: "weight" | "activation", i: 0 | 1) =>
    unitStreams(operand, {
      port,
      bits: ports[port],
      elements,
      cycles: CYCLES,
      hold: port === "weight" && traffic.stationary ? CYCLES : 1,
      distribution: traffic[port] ?? T5,
      seed: i + 1,
    });
  return { ...of(weight, "weight", 0), ...of(activation, "activation", 1) };
}

function portOf(bits: number, choiceBits: number) {
  return { bits: bits - choiceBits, choiceBits, scaleBits: 0 };
}

function nameOf(operand: Format | FloatFormat): string {
  return isFloatFormat(operand) ? operand.id : (operand.name ?? operand.element?.id ?? operand.id);
}
