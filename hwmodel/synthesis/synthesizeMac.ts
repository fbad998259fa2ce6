import { UserError } from "../../formats/error.ts";
import { accumulatorGe as modelledShare } from "../analytic.ts";
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
import { SYNTHESIS_SCATTER } from "./macTable.ts";
import { FAST_RECIPE, RECIPES, type Recipe } from "./recipes.ts";
import { synthesize } from "./synthesize.ts";
import type { Yosys } from "./yosys.ts";

/** What the best of all structures and recipes is best at. */
export type Objective = "area" | "delay" | "energy";

export interface MacSynthesisOptions extends Omit<RtlOptions, "structure"> {
  yosys: Yosys;
  library?: CellLibrary;
  objective?: Objective;
  /**
   * Clock period to meet, ps. Prefix adders and a register between multiplier and accumulator are then tried, too, unless
   * the options say which to take: formats compare at equal delay.
   */
  maxDelayPs?: number;
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
  build: RtlOptions;
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
  const needed = { area: true, delay: library.hasDelays, energy: library.hasEnergies }[objective];
  if (!needed) throw new UserError(`library ${library.id}: its cells have no ${objective}, so there is no best`);
  const { maxDelayPs } = options;
  if (maxDelayPs !== undefined && !(maxDelayPs > 0)) {
    throw new UserError(`delay ${maxDelayPs}: expected picoseconds above 0`);
  }
  if (maxDelayPs !== undefined && !library.hasDelays) {
    throw new UserError(`library ${library.id}: its cells have no delay, so there is no clock period to meet`);
  }
  if (objective === "energy" && !streams) throw new UserError("objective energy: needs streams of codes");
  const structures = structuresOf(weight, activation, options);
  const builds = structures.flatMap((structure) => buildsOf(structure, options));
  const all = await Promise.all(builds.map((build) => candidatesOf(weight, activation, build, library, options)));
  const candidates = inTime(all.flat(), maxDelayPs);

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
  const accumulatorGe = accumulatorOf(best, all.flat());
  const node = library.areaUnit === "um2" ? null : technologyNode(options.node ?? "tsmc28");
  const energy = library.hasEnergies ? energyOf(best) : null;
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
      delayPs: library.hasDelays ? arrivalTimes(netlist).delayPs : null,
      energyFj: energy?.energyFj ?? null,
      ...(energy ? { zeroDelayFj: energy.zeroDelayFj } : {}),
      variant: rtl.variant,
      provenance: "synthesized",
      source: `Yosys ${options.yosys.version}, recipe ${best.recipe.id}, cells of ${library.label}, no wires; netlist proven over ${proof.codePairs} pairs of codes`,
      relativeError: SYNTHESIS_SCATTER,
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

const BOTH = ["ripple", "prefix"] as const;

/** The ways to build a structure: as the options say or, where they leave it open and a delay must be met, also faster. */
function buildsOf(structure: string, options: MacSynthesisOptions): RtlOptions[] {
  const timed = options.maxDelayPs !== undefined;
  const adders = options.adder || !(timed || options.objective === "delay") ? [options.adder ?? "ripple"] : BOTH;
  // A register more is a cycle more: only a clock period asks for that.
  const registers =
    options.productRegister !== undefined || !timed ? [options.productRegister ?? false] : [false, true];
  return adders.flatMap((adder) =>
    registers
      .filter((productRegister) => !(productRegister && structure.endsWith("-fused")))
      .map((productRegister) => ({ ...options, structure, adder, productRegister })),
  );
}

function inTime(candidates: Candidate[], maxDelayPs: number | undefined): Candidate[] {
  if (maxDelayPs === undefined) return candidates;
  const delays = candidates.map(({ netlist }) => arrivalTimes(netlist).delayPs);
  const met = candidates.filter((_, i) => delays[i]! <= maxDelayPs);
  if (met.length > 0) return met;
  const fastest = candidates[delays.indexOf(Math.min(...delays))]!;
  throw new UserError(
    `${fastest.rtl.top}: no circuit meets ${maxDelayPs} ps; the fastest (${fastest.rtl.variant}) takes ${Math.ceil(Math.min(...delays))} ps`,
  );
}

async function candidatesOf(
  weight: CodedCodebook,
  activation: CodedCodebook,
  build: RtlOptions,
  library: CellLibrary,
  options: MacSynthesisOptions,
): Promise<Candidate[]> {
  const rtl = macVerilog(weight, activation, build);
  const timed = options.maxDelayPs !== undefined || options.objective === "delay";
  const recipes = options.recipes ?? (timed ? [...RECIPES, FAST_RECIPE] : RECIPES);
  const results = await synthesize(rtl, library, { ...options, recipes });
  return results.map(({ recipe, netlist }) => {
    const split = !recipe.flatten && rtl.widths.product > 0;
    return {
      rtl,
      build,
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
  const apart = candidates.filter((c) => c.multiplierGe !== null && c.build.adder === best.build.adder);
  const same = apart.filter(({ build }) => build.structure === best.build.structure);
  const share = (c: Candidate) => c.areaGe - c.multiplierGe!;
  if (best.multiplierGe !== null) return share(best);
  const from = same.length > 0 ? same : apart;
  // All recipes merged the two: the count model's share, the whole being what was measured.
  if (from.length === 0) return Math.min(best.areaGe, modelledShare(best.rtl.widths.accumulator, PLAIN));
  return share(least(from, share));
}

const PLAIN = { signMagnitude: false, productBits: 0 };

function least<T>(items: readonly T[], figure: (item: T) => number): T {
  const figures = items.map(figure);
  return items[figures.indexOf(Math.min(...figures))]!;
}
