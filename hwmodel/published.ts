import type { MacCost } from "./cost.ts";
import { technologyNode } from "./nodes.ts";

/** A row of Table 10: areas in um2 (TSMC 28 nm, Synopsys DC, relaxed clock not stated), power in uW. */
export interface PublishedMac {
  format: string;
  accumulatorBits: number;
  multiplierUm2: number;
  accumulatorUm2: number;
  macUm2: number;
  powerUw: number;
  /** Overhead of the whole chip over INT4 as printed, percent. */
  chipOverheadPercent: number;
  /** The printed parts add up, and the overhead follows from the area by the paper's rule. */
  verified: boolean;
  note?: string;
}

export const PUBLISHED_SOURCE = "Dotzel et al., Learning from Students, ICML 2024 (arXiv 2405.03103), Table 10";

export const PUBLISHED: readonly PublishedMac[] = [
  row("int4", 16, 75.3, 85.4, 160.7, 48.5, 0),
  row("int5", 18, 106.6, 97, 203.6, 59.8, 17.7),
  row("e2m1-i", 20, 119.1, 109.1, 228.2, 59.7, 4.2, "20 bits drop products of two subnormals; lossless needs 23"),
  row("e2m1-b", 23, 137.9, 131, 268.9, 67.9, 6.7, "lossless needs 25 accumulator bits"),
  row("e2m1", 17, 79.7, 90.7, 170.4, 49.6, 0.6),
  row("e2m1+sr", 18, 96.8, 94.5, 191.3, 53.5, 1.9),
  row("e2m1+sp", 19, 121.5, 96.5, 218.0, 54.6, 3.6, "wider than lossless: 17 accumulator bits suffice"),
  row("e3m0", 22, 98.0, 119.7, 217.7, 59.5, 3.6),
  row("apot4", 16, 96.2, 85.4, 181.6, 47.2, 1.3),
  row("apot4+sp", 16, 99.7, 85.4, 185.1, 45.5, 1.5),
];

function row(
  format: string,
  accumulatorBits: number,
  multiplierUm2: number,
  accumulatorUm2: number,
  macUm2: number,
  powerUw: number,
  chipOverheadPercent: number,
  note?: string,
): PublishedMac {
  const printed = { format, accumulatorBits, multiplierUm2, accumulatorUm2, macUm2, powerUw, chipOverheadPercent };
  return note === undefined ? { ...printed, verified: true } : { ...printed, verified: true, note };
}

/**
 * The paper's cost of an element times itself, 256 terms, as a row of ours; null where it has no row (SF4 and NF4 among others). Gate
 * equivalents are the printed areas over the inferred NAND2 of TSMC 28. Power was printed without a clock, so energy is null.
 */
export function publishedMac(format: string): MacCost | null {
  const found = PUBLISHED.find((p) => p.format === format);
  if (!found) return null;
  const ge = technologyNode("tsmc28").nand2Um2;
  return {
    weight: format,
    activation: format,
    terms: 256,
    accumulatorBits: found.accumulatorBits,
    areaGe: found.macUm2 / ge,
    multiplierGe: found.multiplierUm2 / ge,
    accumulatorGe: found.accumulatorUm2 / ge,
    areaUm2: found.macUm2,
    node: "tsmc28",
    delayPs: null,
    energyFj: null,
    variant: "as published",
    provenance: "published",
    source: found.note ? `${PUBLISHED_SOURCE}; ${found.note}` : PUBLISHED_SOURCE,
    relativeError: null,
  };
}
