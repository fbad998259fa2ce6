import { UserError } from "../../formats/error.ts";
import type { MacCost } from "../cost.ts";
import { type CellLibrary, libraryById } from "../libraries/index.ts";
import { arrivalTimes } from "../netlist/arrivalTimes.ts";
import type { Netlist } from "../netlist/netlist.ts";
import { type SwitchingEnergy, switchingEnergy } from "../netlist/switchingEnergy.ts";
import type { CodeStream } from "../netlist/toggles.ts";
import { type MacProof, verifyMac } from "../netlist/verifyMac.ts";
import { technologyNode } from "../nodes.ts";
import { type CodedCodebook, type MacRtl, macStructures, macVerilog, type RtlOptions } from "../rtl/index.ts";
import type { Cache } from "./cache.ts";
import type { Recipe } from "./recipes.ts";
import { synthesize } from "./synthesize.ts";
import type { Yosys } from "./yosys.ts";

/** What the best of all structures and recipes is best at. */
export type Objective = "area" | "delay" | "energy";

export interface MacSynthesisOptions extends Omit<RtlOptions, "structure"> {
  yosys: Yosys;
  library?: CellLibrary;
  objective?: Objective;
  /** Structures to try (`macStructures`); without it, all that fit. */
  structures?: readonly string[];
  recipes?: readonly Recipe[];
  cache?: Cache;
  timeoutMs?: number;
  /** Codes over time for the energy (`codeStream`); without it energy is null. */
  streams?: { weight: CodeStream; activation: CodeStream };
  /** Whose NAND2 gives µm² where the library's areas are gate equivalents; "tsmc28" as in the count model. */
  node?: string;
}

/** A synthesized MAC with what it was made from and the proof of its netlist. */
export interface SynthesizedMacCost {
  cost: MacCost;
  recipe: string;
  /** Cells of the netlist, flip-flops included. */
  cells: number;
  proof: MacProof;
  rtl: MacRtl;
  netlist: Netlist;
  energy: SwitchingEnergy | null;
}

interface Candidate {
  rtl: MacRtl;
  structure: string;
  recipe: Recipe;
  netlist: Netlist;
  areaGe: number;
  /** Null where the netlist is one module. */
  multiplierGe: number | null;
}

/**
 * Synthesizes every structure of the MAC by every recipe, keeps the best by the objective and proves its netlist over all
 * pairs of codes. Areas are those of cells at relaxed timing, without wires. Throws UserError if nothing fits, the synthesis
 * or the proof fails, or the objective needs figures the library lacks.
 */
export async function synthesizeMac(
  weight: CodedCodebook,
  activation: CodedCodebook,
  options: MacSynthesisOptions,
): Promise<SynthesizedMacCost> {
  const { library = libraryById("generic"), objective = "area", terms = 256, streams } = options;
  if (objective !== "area" && library.voltage === null) {
    throw new UserError(`library ${library.id}: has no delays and energies, so no best ${objective}`);
  }
  if (objective === "energy" && !streams) throw new UserError("objective energy: needs streams of codes");
  const structures = structuresOf(weight, activation, options);
  const candidates = (
    await Promise.all(structures.map((structure) => candidatesOf(weight, activation, structure, library, options)))
  ).flat();

  const energyOf = ({ netlist }: Candidate) => (streams ? switchingEnergy(netlist, library, { ...streams }) : null);
  const figure: Record<Objective, (c: Candidate) => number> = {
    area: (c) => c.areaGe,
    delay: (c) => arrivalTimes(c.netlist).delayPs,
    energy: (c) => energyOf(c)?.energyFj ?? Number.POSITIVE_INFINITY,
  };
  const best = least(candidates, figure[objective]);
  const { rtl, netlist } = best;
  const proof = verifyMac(netlist, rtl.reference, {
    terms,
    latency: rtl.latency,
    ...(rtl.clear ? { clear: { port: "clear", loads: "product" as const } } : {}),
  });
  const accumulatorGe = accumulatorOf(best, candidates);
  const node = library.areaUnit === "um2" ? null : technologyNode(options.node ?? "tsmc28");
  const energy = library.voltage === null ? null : energyOf(best);
  return {
    cost: {
      weight: weight.id,
      activation: activation.id,
      terms,
      accumulatorBits: rtl.widths.accumulator,
      areaGe: best.areaGe,
      multiplierGe: best.areaGe - accumulatorGe,
      accumulatorGe,
      areaUm2: best.areaGe * (node ? node.nand2Um2 : library.nand2Area),
      node: node ? node.id : library.id,
      delayPs: library.voltage === null ? null : arrivalTimes(netlist).delayPs,
      energyFj: energy?.energyFj ?? null,
      variant: rtl.variant,
      provenance: "synthesized",
      source: `Yosys ${options.yosys.version}, recipe ${best.recipe.id}, cells of ${library.label}, no wires; netlist proven over ${proof.codePairs} pairs of codes`,
      relativeError: null,
    },
    recipe: best.recipe.id,
    cells: netlist.gates.length + netlist.registers.length,
    proof,
    rtl,
    netlist,
    energy,
  };
}

function structuresOf(weight: CodedCodebook, activation: CodedCodebook, options: MacSynthesisOptions): string[] {
  const fitting = macStructures(weight, activation);
  const wanted = options.structures ?? fitting;
  const unknown = wanted.find((name) => !fitting.includes(name));
  if (unknown !== undefined || wanted.length === 0) {
    throw new UserError(
      `structure ${unknown}: not one for ${weight.id} x ${activation.id}; these fit: ${fitting.join(", ")}`,
    );
  }
  // A product register has no place in a fused heap.
  return wanted.filter((name) => !(options.productRegister && name.endsWith("-fused")));
}

async function candidatesOf(
  weight: CodedCodebook,
  activation: CodedCodebook,
  structure: string,
  library: CellLibrary,
  options: MacSynthesisOptions,
): Promise<Candidate[]> {
  const rtl = macVerilog(weight, activation, { ...options, structure });
  const results = await synthesize(rtl, library, options);
  return results.map(({ recipe, netlist }) => {
    const split = !recipe.flatten && rtl.widths.product > 0;
    return {
      rtl,
      structure,
      recipe,
      netlist,
      areaGe: cellArea(netlist, library),
      multiplierGe: split ? cellArea(netlist, library, inMultiplier) : null,
    };
  });
}

/** Instances of a flattened submodule keep its instance name as a prefix. */
const inMultiplier = (name: string) => /(^|[\\ ])multiplier\./.test(name);

/** Area of the cells in gate equivalents. */
export function cellArea(
  netlist: Netlist,
  library: CellLibrary,
  which: (name: string) => boolean = () => true,
): number {
  const cells = [...netlist.gates, ...netlist.registers].filter(({ name }) => which(name));
  return cells.reduce((sum, { cell }) => sum + cell.area, 0) / library.nand2Area;
}

/** The accumulator's share where a recipe kept the two apart, for the same structure if one did. */
function accumulatorOf(best: Candidate, candidates: readonly Candidate[]): number {
  const apart = candidates.filter(({ multiplierGe }) => multiplierGe !== null);
  const same = apart.filter(({ structure }) => structure === best.structure);
  const share = (c: Candidate) => c.areaGe - c.multiplierGe!;
  if (best.multiplierGe !== null) return share(best);
  const from = same.length > 0 ? same : apart;
  if (from.length === 0) throw new UserError(`${best.rtl.top}: no recipe keeps multiplier and accumulator apart`);
  return share(least(from, share));
}

function least<T>(items: readonly T[], figure: (item: T) => number): T {
  const figures = items.map(figure);
  return items[figures.indexOf(Math.min(...figures))]!;
}
