/**
 * @file Looks for codebooks of whole numbers that no other beats both in the area of their multiply–accumulate and in the error they
 * make in a model's weights.
 *
 * Best first: of all candidates tried, the one nearest the frontier has its neighbours tried next, until `tries` are used up. The
 * start are the registry's codebooks of whole numbers, and quantiles of t distributions rounded to every grid. What it finds
 * exists; what it does not find may, too.
 */
import { type Element, type Format, getElement, listElements, makeFormat } from "../../formats/index.ts";
import { formatMacCost } from "../../hwmodel/index.ts";
import { type GridBook, gridBookOf, gridElement, neighbours, roundedToGrids } from "./gridBook.ts";
import { sampleErrors, type WeightSample } from "./weightSample.ts";

export interface Candidate {
  format: Format;
  /** Mean over the layers of the relative squared error in the sample. */
  relativeMse: number;
  layerErrors: Float64Array;
  /** Modelled area of a MAC with the activation's format, gate equivalents. */
  areaGe: number;
}

export interface SearchOptions {
  bits: number;
  group: number;
  activation: Element;
  /** Candidates with larger MACs are dropped, gate equivalents. */
  areaBelow: number;
  /** Stops after so many candidates (each is a few milliseconds). */
  tries: number;
  onTry?(tried: number, frontier: number): void;
}

/** Magnitudes go up to 2^bits · 4: wider products buy no error at four bits (the frontier ends well below). */
const LARGEST_PER_CODE = 4;
/** Degrees of freedom whose quantiles the search starts from, beside the normal. */
const START_NU = [3, 5, 10];

/** What a format costs and does to the sample. Throws UserError as `formatMacCost`. */
export function candidateOf(format: Format, sample: WeightSample, activation: Element): Candidate {
  const layerErrors = sampleErrors(sample, format);
  const relativeMse = layerErrors.reduce((sum, e) => sum + e, 0) / layerErrors.length;
  return { format, relativeMse, layerErrors, areaGe: formatMacCost(format, activation).areaGe };
}

/** The frontier found, from the smallest MAC to the least error, and how many candidates were tried. */
export function searchFormats(sample: WeightSample, options: SearchOptions): { found: Candidate[]; tried: number } {
  const { bits, group, activation, areaBelow, tries, onTry } = options;
  const largest = LARGEST_PER_CODE * 2 ** bits;
  const seen = new Set<string>();
  const waiting: { book: GridBook; candidate: Candidate }[] = [];
  let frontier: Candidate[] = [];
  const attempt = (book: GridBook) => {
    const element = gridElement(book);
    if (seen.has(element.id) || seen.size >= tries) return;
    seen.add(element.id);
    const candidate = candidateOf(makeFormat({ element, group }), sample, activation);
    onTry?.(seen.size, frontier.length);
    if (candidate.areaGe >= areaBelow) return;
    waiting.push({ book, candidate });
    if (frontier.some((other) => dominates(other, candidate))) return;
    frontier = [...frontier.filter((other) => !dominates(candidate, other)), candidate];
  };
  /** How far above the frontier, in its two directions together: 0 on it. */
  const excess = ({ areaGe, relativeMse }: Candidate) =>
    Math.min(
      ...frontier.map(
        (f) => Math.max(0, Math.log(areaGe / f.areaGe)) + Math.max(0, Math.log(relativeMse / f.relativeMse)),
      ),
    );
  const starts = [
    ...listElements().flatMap((element) => gridBookOf(element, bits) ?? []),
    ...[`nf${bits}`, ...START_NU.map((nu) => `sf${bits}_${nu}`)].flatMap((id) =>
      roundedToGrids(getElement(id), largest),
    ),
  ];
  for (const book of starts) attempt(book);
  while (waiting.length > 0 && seen.size < tries) {
    const distances = waiting.map(({ candidate }) => excess(candidate));
    const [next] = waiting.splice(distances.indexOf(Math.min(...distances)), 1);
    for (const book of neighbours(next!.book, largest)) attempt(book);
  }
  return { found: frontier.sort((a, b) => a.areaGe - b.areaGe), tried: seen.size };
}

/** At most its area and its error; of equals the first stays. */
function dominates(a: Candidate, b: Candidate): boolean {
  return a.areaGe <= b.areaGe && a.relativeMse <= b.relativeMse;
}
