import { type Element, hasEqualEnds } from "./element.ts";

/**
 * How the scale s of a group follows from its largest and smallest value, so that x/s is compared with the codebook.
 * `low` and `high` are the codebook's reach on each side: high = max(c), low = −min(c), both ≥ 0.
 */
interface ScaleRule {
  readonly summary: string;
  /** The scale before it is stored; `min` ≤ x ≤ `max`, not both zero. May be negative. */
  fit(min: number, max: number, low: number, high: number): number;
}

export type ScaleRuleId = "absmax" | "signed" | "signedmax" | "clipped" | "maxabs";

/** A new rule is one entry here. Rules that no group extreme can exceed come first. */
export const scaleRules: Readonly<Record<ScaleRuleId, ScaleRule>> = {
  absmax: {
    summary: "s = max(max(x)/max(c), min(x)/min(c)): the smallest positive scale at which nothing clips",
    fit: (min, max, low, high) => smallestScale(-min, max, low, high),
  },
  signed: {
    summary:
      "as absmax, but the group may be mirrored by a negative scale when that makes it finer: the longer side of the data meets the longer side of the codebook. Free: it uses the sign bit of the stored scale",
    fit(min, max, low, high) {
      const straight = smallestScale(-min, max, low, high);
      const mirrored = smallestScale(max, -min, low, high);
      return mirrored < straight ? -mirrored : straight;
    },
  },
  signedmax: {
    summary:
      "the value of largest magnitude, sign kept, maps onto the codebook's longer end (llama.cpp, BOF4-S, full-range INT); the other side may clip",
    fit(min, max, low, high) {
      const peak = max >= -min ? max : min;
      return high >= low ? peak / high : -peak / low;
    },
  },
  clipped: {
    summary:
      "s = max|x|/max(c) (llm-datatypes RTN): a shorter negative side clips, e.g. every value of E2M1+SR below −0.75 max|x|. For comparison with published numbers",
    fit: (min, max, _low, high) => Math.max(-min, max) / high,
  },
  maxabs: {
    summary: "s = max|x|/max|c| (llm-datatypes GPTQ): the shorter side clips. For comparison with published numbers",
    fit: (min, max, low, high) => Math.max(-min, max) / Math.max(low, high),
  },
};

/** `absmax` for codebooks that reach equally far on both sides, else `signed`; a source that states another rule wins. */
export function defaultScaleRule(element: Element): ScaleRuleId {
  return element.scaleRule ?? (hasEqualEnds(element) ? "absmax" : "signed");
}

/** A side the codebook lacks cannot ask for a scale: its values become the nearest end. */
function smallestScale(negative: number, positive: number, low: number, high: number): number {
  const scale = Math.max(high > 0 ? positive / high : 0, low > 0 ? negative / low : 0);
  return scale > 0 ? scale : Math.max(negative, positive) / Math.max(low, high);
}
