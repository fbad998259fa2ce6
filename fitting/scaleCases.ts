import type { ScaleRuleId } from "../formats/index.ts";
import type { ScaleCase } from "./blockLaw.ts";
import type { Law } from "./law.ts";

/**
 * How a block's scale comes about under a scale rule, for a symmetric law and a codebook that reaches −low … high (both
 * above 0). Null for a rule that does not follow from the block's extremes alone.
 */
export function scaleCases(law: Law, rule: ScaleRuleId, low: number, high: number): ScaleCase[] | null {
  const meets = (end: number) => (t: number) => Math.abs(end) * law.density(Math.abs(end) * t);
  /** The element at `end` is the largest magnitude, on either side if `both`. */
  const largest = (end: number, both: boolean): ScaleCase[] => {
    const reach = { low: Math.abs(end), high: Math.abs(end), sign: 1 as const };
    if (!both) return [{ ...reach, at: end, rate: (t) => 2 * meets(end)(t) }];
    return [
      { ...reach, at: end, rate: meets(end) },
      { ...reach, at: -end, rate: meets(end) },
    ];
  };
  switch (rule) {
    case "absmax":
      return [
        { low, high, sign: 1, at: high, rate: meets(high) },
        { low, high, sign: 1, at: -low, rate: meets(low) },
      ];
    case "clipped":
      return largest(high, true);
    case "maxabs":
      return largest(Math.max(low, high), true);
    case "unit":
      return largest(1, true);
    case "signedmax":
      return largest(high >= low ? high : -low, false);
    case "signed":
      return high === low ? scaleCases(law, "absmax", low, high) : mirrored(meets, low, high);
    default:
      return null;
  }
}

/**
 * The block is turned so that its longer side meets the codebook's longer side: the scale is max(longer/long,
 * shorter/short). If the shorter side fixes it, an element of the longer side lies beyond `short`: blocks wholly within
 * ±short are taken away.
 */
function mirrored(meets: (end: number) => (t: number) => number, low: number, high: number): ScaleCase[] {
  const turn = high > low ? 1 : -1;
  const long = Math.max(low, high);
  const short = Math.min(low, high);
  const twice = (end: number) => (t: number) => 2 * meets(end)(t);
  return [
    { low, high, sign: 1, at: turn * long, rate: twice(long) },
    { low, high, sign: 1, at: -turn * short, rate: twice(short) },
    { low: short, high: short, sign: -1, at: -turn * short, rate: twice(short) },
  ];
}
