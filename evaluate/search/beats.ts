import type { Candidate } from "./searchFormats.ts";

/**
 * Whether `a` is better than `b` in area or error beyond doubt, and in neither worse. In doubt are errors whose paired difference
 * over the layers is within 2 σ, and areas that differ by less than 2 σ of two areas with the relative error `areaSigma`.
 */
export function beats(a: Candidate, b: Candidate, areaSigma: number): boolean {
  const area = order(Math.log(b.areaGe / a.areaGe), areaSigma * Math.SQRT2);
  const differences = a.layerErrors.map((e, i) => b.layerErrors[i]! - e);
  const n = differences.length;
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / Math.max(1, n - 1);
  const error = order(mean, Math.sqrt(variance / n));
  return area + error > 0 && Math.min(area, error) >= 0;
}

/** 1 or −1 where a difference is certain, else 0. */
function order(difference: number, sigma: number): number {
  return Math.abs(difference) > 2 * sigma ? Math.sign(difference) : 0;
}
