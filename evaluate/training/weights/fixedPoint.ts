import { roundInteger } from "../../../formats/roundInteger.ts";

/** Numbers kept as `codes` · `step`. */
export interface FixedPoint {
  readonly codes: Int8Array;
  readonly step: number;
}

const FRACTION_BITS = 7;

/**
 * Numbers clamped to low … high, a codebook's ends, and kept in eight bits: as many before the point as the ends need, the rest behind
 * it, as LR-QAT's φ has them (Q4.4 for the integers of four bits).
 */
export function fixedPoint(values: Float32Array, low: number, high: number): FixedPoint {
  const step = 2 ** (Math.floor(Math.log2(Math.max(-low, high))) + 1 - FRACTION_BITS);
  const codes = Int8Array.from(values, (x) => roundInteger(Math.min(Math.max(x, low), high) / step, "even"));
  return { codes, step };
}
