import type { Histogram } from "./histogram.ts";

/**
 * Kolmogorov–Smirnov distance between the data and a distribution: sup |F_data − F|, taken at bin edges.
 * Exact on unbinned data; on bins it can miss at most the mass of one bin (about 1e-4).
 * `cdf` is in the histogram's units.
 */
export function ksDistance(data: Histogram, cdf: (z: number) => number): number {
  let below = 0;
  let distance = 0;
  for (let i = 0; i < data.count.length; i++) {
    const left = cdf(data.lower[i]!);
    const right = data.upper === data.lower ? left : cdf(data.upper[i]!);
    const after = below + data.count[i]! / data.n;
    distance = Math.max(distance, Math.abs(left - below), Math.abs(right - after));
    below = after;
  }
  return distance;
}
