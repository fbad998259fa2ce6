/** How a figure was obtained (DESIGN.md, "What is exact, and what is estimated"). */
export type Provenance = "derived" | "synthesized" | "modelled" | "published" | "measured";

/** What one multiply-accumulate of (weight format × activation format) costs. */
export interface MacCost {
  weight: string;
  activation: string;
  /** Number of products summed without loss. */
  terms: number;
  accumulatorBits: number;
  /** Gate equivalents: area over the area of a NAND2. */
  areaGe: number;
  multiplierGe: number;
  accumulatorGe: number;
  /** Square micrometres in `node`. */
  areaUm2: number;
  node: string;
  /** Null until a synthesis or a publication gives it. */
  delayPs: number | null;
  energyFj: number | null;
  /** The energy without glitches, a lower bound, where it was computed too. */
  zeroDelayFj?: number;
  variant: string;
  provenance: Provenance;
  source: string;
  /**
   * Relative standard error of areaGe: of a modelled one that of the model, of a synthesized one the scatter between
   * libraries; null where it is not known. Areas closer than it are not told apart (reports/frontier.ts).
   */
  relativeError: number | null;
}
