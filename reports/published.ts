import { PUBLISHED, publishedMac } from "../hwmodel/published.ts";
import type { CostAxis } from "./axes.ts";

/**
 * What "Learning from Students" (Dotzel et al., ICML 2024, arXiv 2405.03103) printed of accuracy: weights rounded to four
 * bits in blocks of 128, activations in full precision, no clip search; WikiText-2 is perplexity per *word*, LAMBADA is accuracy in percent
 * (Table 3). Activations too: Table 8, below. Read from a scanned copy: a null is a cell that it lost.
 */
export const PAPER = "Dotzel et al., ICML 2024";

const networks = ["Mistral-7B", "OPT-1B", "OPT-6.7B", "LLaMA2-7B", "Phi-2", "BLOOM-7B", "Yi-6B"] as const;

const fp32WordPerplexity = [18.01, 16.41, 12.28, 8.79, 11.05, 14.71, 10.21];
const wordPerplexity: Record<string, readonly number[]> = {
  nf4: [19.8, 17.17, 12.73, 9.11, 11.89, 14.94, 10.36],
  sf4: [19.09, 17.11, 12.67, 9.16, 11.83, 14.96, 10.34],
  int4: [20.17, 18.28, 13.27, 9.33, 12.41, 15.16, 10.71],
  "e2m1-i": [20.07, 17.86, 12.92, 9.37, 12.19, 15.18, 10.69],
  "e2m1-b": [20.93, 18.34, 13.11, 9.43, 12.37, 15.22, 10.76],
  e2m1: [19.76, 17.24, 12.78, 9.17, 11.97, 15.01, 10.42],
  "e2m1+sr": [20.25, 17.62, 13.06, 9.84, 12.58, 15.95, 11.6],
  "e2m1+sp": [19.38, 17.19, 12.76, 9.13, 11.92, 14.98, 10.37],
  e3m0: [20.25, 18.29, 13.31, 9.87, 12.74, 15.61, 11.42],
  apot4: [19.13, 17.47, 12.84, 9.15, 12.09, 15.02, 10.46],
  "apot4+sp": [18.93, 17.4, 12.8, 9.11, 11.98, 14.99, 10.4],
};

const lambada: Record<string, readonly (number | null)[]> = {
  nf4: [null, 56.43, 67.88, 71.2, 61.28, 57.03, 67.46],
  sf4: [null, 58.02, 68.02, 71.96, 60.47, 57.97, 67.84],
  int4: [73.92, 55.52, 63.92, 72.06, 58.59, 56.08, 64.93],
  "e2m1-i": [74.17, 56.18, 67.49, 71.43, 58.2, 55.75, 64.39],
  "e2m1-b": [73.98, 55.73, 66.97, 70.75, 58.32, 55.64, 63.92],
  e2m1: [74.75, 56.26, 67.84, 72.4, 59.95, 56.51, 66.74],
  "e2m1+sr": [72.95, 54.41, 67.26, 71.07, 62.24, 50.18, 59.97],
  "e2m1+sp": [75.41, 55.85, 67.24, 71.65, 61.73, 56.86, 67.38],
  e3m0: [74.23, 52.36, 62.64, 69.92, 54.96, 56.47, 65.15],
  apot4: [75.41, 56.22, 66.08, 72.77, 59.62, 57.02, 68.19],
  "apot4+sp": [75.12, 55.27, 65.92, 73.22, 61.09, 57.13, 68.04],
};

/** Table 8: weights and activations in the format, blocks of 128: change of accuracy over fp32, percent of it, mean of 7 models × 6 tasks, without and with SmoothQuant. */
export const publishedBothOperands: Record<string, { plain: number; smooth: number }> = {
  nf4: { plain: -7.08, smooth: -5.1 },
  sf4: { plain: -6.55, smooth: -4.22 },
  int4: { plain: -14.81, smooth: -10.15 },
  e3m0: { plain: -10, smooth: -9.12 },
  apot4: { plain: -8.43, smooth: -6.11 },
  "apot4+sp": { plain: -8.13, smooth: -5.74 },
};

/** Networks of Table 3, by the paper's names. */
export const publishedNetworks: readonly string[] = networks;

/** One published point beside a frontier of ours. */
export interface PublishedPoint {
  format: string;
  x: number;
  y: number;
}

/** Costs that Table 10 prints, or that follow from it; the others have no published points. */
const publishedCosts: Partial<Record<CostAxis, (format: string) => number>> = {
  areaUm2: (format) => publishedMac(format)!.areaUm2,
  areaGe: (format) => publishedMac(format)!.areaGe,
  chipOverhead: (format) => PUBLISHED.find((row) => row.format === format)!.chipOverheadPercent,
};

/** How a published metric reads on an axis of ours; what must be said of it. */
const publishedMetrics: Record<
  string,
  { note: string; unit: string; value(format: string, network: number): number | null }
> = {
  deltaLoss: {
    unit: "nats per word",
    note: "nats per word of WikiText-2, ln of the ratio of word perplexities to fp32",
    value: (format, i) => Math.log(wordPerplexity[format]![i]! / fp32WordPerplexity[i]!),
  },
  perplexity: {
    unit: "per word",
    note: "perplexity per word of WikiText-2",
    value: (format, i) => wordPerplexity[format]![i]!,
  },
  acc: {
    unit: "LAMBADA",
    note: "accuracy on LAMBADA",
    value: (format, i) => percent(lambada[format]![i]!),
  },
};

/**
 * The paper's points on the axes of a frontier: MAC of Table 10 (both operands in the format) against Table 3. Null where it has
 * nothing on these axes. `note` says what y is; it is never the unit of a row of ours.
 */
export function publishedPoints(
  network: string,
  cost: string,
  metric: string,
): { points: PublishedPoint[]; note: string; unit: string } | null {
  const i = (networks as readonly string[]).indexOf(network);
  const x = Object.hasOwn(publishedCosts, cost) ? publishedCosts[cost as CostAxis] : undefined;
  const y = Object.hasOwn(publishedMetrics, metric) ? publishedMetrics[metric] : undefined;
  if (i < 0 || !x || !y) return null;
  const points = PUBLISHED.filter(({ format }) => Object.hasOwn(wordPerplexity, format)).flatMap(({ format }) => {
    const value = y.value(format, i);
    return value === null ? [] : [{ format, x: x(format), y: value }];
  });
  return { points, note: y.note, unit: y.unit };
}

function percent(value: number | null): number | null {
  return value === null ? null : value / 100;
}
