import { type Element, parseFormat, UserError } from "../../formats/index.ts";
import "../../fitting/everyId.ts";
import { diskCache, MODEL_ERROR, SYNTHESIS_SCATTER, synthesizeMac, wasmYosys } from "../../hwmodel/index.ts";
import { loadModel } from "../model/loadedModel.ts";
import { beats } from "./beats.ts";
import { gridBookOf, gridElement } from "./gridBook.ts";
import { type Candidate, candidateOf, searchFormats } from "./searchFormats.ts";
import { weightSample } from "./weightSample.ts";

/** What the codebooks found are set against, for each number of bits. */
const NAMED = {
  3: ["int3", "e2m0", "nf3", "sf3"],
  4: ["int4", "e2m1", "e2m1+sr", "e2m1+sp", "apot4", "apot4+sp", "nf4", "sf4"],
  5: ["int5", "e2m2", "e3m1", "apot5", "nf5", "sf5"],
};
export const TRIES = 4000;

export interface SearchModelOptions {
  bits?: 3 | 4 | 5;
  group?: number;
  /** Id of the MAC's other operand. */
  activation?: string;
  /** Formats to beat; without a group they take that of the search. */
  named?: readonly string[];
  /** Largest MAC, gate equivalents; the largest of the named by default. */
  areaBelow?: number;
  tries?: number;
  /** Codebooks of the frontier to keep, evenly spread. */
  keep?: number;
  /** Synthesize and prove the MACs of what is kept, and compare by those areas. */
  synthesize?: boolean;
  onTry?(tried: number, frontier: number): void;
  onSynthesis?(id: string): void;
}

export interface SearchRow {
  format: string;
  found: boolean;
  areaGe: number;
  provenance: "modelled" | "synthesized";
  /** Mean over the layers of the relative squared error of their weights. */
  relativeMse: number;
  /** Named formats that it betters in area or error beyond doubt, without being worse in the other. */
  beats: string[];
}

export interface SearchReport {
  activation: string;
  tried: number;
  /** Codebooks on the frontier that none of the named is, of which `keep` are among the rows. */
  frontier: number;
  weights: { taken: number; of: number };
  /** Named and found, by area. */
  rows: SearchRow[];
}

/**
 * Searches codebooks for the linear layers of a model. Throws UserError for an unknown model or format, and an activation
 * or a named format that is more than one codebook.
 */
export async function searchModel(spec: string, options: SearchModelOptions = {}): Promise<SearchReport> {
  const { bits = 4, group = 128, tries = TRIES, keep = 12, synthesize = false, onTry } = options;
  const activation = soleElement(options.activation ?? "int8");
  const ids = (options.named ?? NAMED[bits]).map((id) => (id.includes("@") ? id : `${id}@g${group}`));
  const formats = ids.map((id) => parseFormat(id));
  const { linears, weights } = loadModel(spec);
  const sample = weightSample(linears, weights, group);
  const named = formats.map((format) => candidateOf(format, sample, activation));
  const areaBelow = options.areaBelow ?? Math.max(...named.map(({ areaGe }) => areaGe));
  const { found, tried } = searchFormats(sample, {
    bits,
    group,
    activation,
    areaBelow,
    tries,
    ...(onTry && { onTry }),
  });
  const known = new Set(
    formats.map(({ element }) => element && gridBookOf(element, bits)).map((book) => book && gridElement(book).id),
  );
  const unnamed = found.filter(({ format }) => !known.has(format.element!.id));
  const modelled = [...named, ...spread(unnamed, keep)];
  const all = synthesize ? await synthesized(modelled, activation, options.onSynthesis) : modelled;
  const [targets, sigma] = [all.slice(0, named.length), synthesize ? SYNTHESIS_SCATTER : MODEL_ERROR];
  const rows = all.map(
    (candidate, i): SearchRow => ({
      format: candidate.format.id,
      found: i >= named.length,
      areaGe: candidate.areaGe,
      provenance: synthesize ? "synthesized" : "modelled",
      relativeMse: candidate.relativeMse,
      beats: targets.filter((target) => beats(candidate, target, sigma)).map(({ format }) => format.id),
    }),
  );
  return {
    activation: activation.id,
    tried,
    frontier: unnamed.length,
    weights: { taken: sample.taken, of: sample.of },
    rows: rows.sort((a, b) => a.areaGe - b.areaGe),
  };
}

function soleElement(id: string): Element {
  const { element, coder } = parseFormat(id);
  if (element === null || coder !== "scaled")
    throw new UserError(`${id}: the search needs one codebook as the activation`);
  return element;
}

async function synthesized(
  candidates: readonly Candidate[],
  activation: Element,
  onSynthesis?: (id: string) => void,
): Promise<Candidate[]> {
  const synthesis = { yosys: wasmYosys(), cache: diskCache() };
  const done: Candidate[] = [];
  try {
    for (const candidate of candidates) {
      const { format } = candidate;
      if (format.element === null)
        throw new UserError(`${format.id}: its groups choose a codebook; the search synthesizes one`);
      onSynthesis?.(format.id);
      const { cost } = await synthesizeMac(format.element, activation, synthesis);
      done.push({ ...candidate, areaGe: cost.areaGe });
    }
  } finally {
    await synthesis.yosys.close();
  }
  return done;
}

/** At most `count` of a list, both ends among them. */
function spread<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  if (count === 1) return [list.at(-1)!];
  return Array.from({ length: count }, (_, i) => list[Math.round((i * (list.length - 1)) / (count - 1))]!);
}
