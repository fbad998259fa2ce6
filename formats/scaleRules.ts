import { type Element, hasEqualEnds } from "./element.ts";
import { aboutPowerOfTwoRules, powerOfTwoRules } from "./powerOfTwoRules.ts";
import { aboutStatisticRules, statisticRules } from "./statisticRules.ts";

/** How far a codebook reaches, and its last step: all that a rule knows of it. A `Book` is one. */
export interface Reach {
  /** −min(c) and max(c), both ≥ 0. */
  readonly low: number;
  readonly high: number;
  /** Distance of the two largest levels. */
  readonly step: number;
}

interface AnyRule {
  /** The scale may be negative: the group is mirrored, for which the store needs a sign bit. */
  readonly mirrors?: boolean;
  /** Factors of the scale that are all tried; the one of least error wins, the first of equals. */
  readonly ratios?: readonly number[];
  /** What a group stores besides its scale: another number of the scale's type, or one of a code's width. */
  readonly extra?: "scale" | "code";
  /** Levels are integers shifted by a stored zero point: x ≈ (level − z)·s. */
  readonly integers?: boolean;
}

/**
 * How the scale s of a group follows from its largest and smallest value, so that x/s is compared with the codebook.
 * `min` ≤ x ≤ `max`, 0 between them, not both zero. May be negative.
 */
export interface ExtremesRule extends AnyRule {
  fit(min: number, max: number, low: number, high: number, step: number): number;
}

/** How the scale follows from all values of a group, not all zero. */
export interface ValuesRule extends AnyRule {
  measure(values: ArrayLike<number>, from: number, to: number, reach: Reach): Measured;
}

/** What a `ValuesRule` finds, before anything is stored. */
export interface Measured {
  scale: number;
  /** Scale of the negative levels, where it is another one. */
  lower?: number;
  /** What x is divided by before it is compared with the codebook, where that is not the scale. */
  divisor?: number;
  /** What is taken from x before that, and never given back. */
  shift?: number;
  /** The zero point that goes with the stored scale. */
  zeroPoint?(stored: number): number;
  /** The offset that goes with the stored scale: x ≈ level·s + offset. */
  offset?(stored: number): number;
}

export type ScaleRule = ExtremesRule | ValuesRule;

const extremesRules = {
  absmax: {
    fit: (min, max, low, high) => smallestScale(-min, max, low, high),
  },
  signed: {
    mirrors: true,
    fit(min, max, low, high) {
      const straight = smallestScale(-min, max, low, high);
      const mirrored = smallestScale(max, -min, low, high);
      return mirrored < straight ? -mirrored : straight;
    },
  },
  signedmax: {
    mirrors: true,
    fit(min, max, low, high) {
      const peak = max >= -min ? max : min;
      return high >= low ? peak / high : -peak / low;
    },
  },
  clipped: {
    fit: (min, max, _low, high) => Math.max(-min, max) / high,
  },
  maxabs: {
    fit: largestMagnitude,
  },
  unit: {
    fit: (min, max) => Math.max(-min, max),
  },
  clip: {
    fit: largestMagnitude,
    ratios: Array.from({ length: 40 }, (_, i) => 1 - i * 0.005),
  },
  antgrid: {
    fit: largestMagnitude,
    ratios: Array.from({ length: 75 }, (_, i) => (75 + i) / 100),
  },
} satisfies Record<string, ExtremesRule>;

export type ScaleRuleId = keyof typeof extremesRules | keyof typeof powerOfTwoRules | keyof typeof statisticRules;

/** A new rule is one entry in its table. Rules that no group extreme can exceed come first. */
export const scaleRules: Readonly<Record<ScaleRuleId, ScaleRule>> = {
  ...extremesRules,
  ...powerOfTwoRules,
  ...statisticRules,
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

function largestMagnitude(min: number, max: number, low: number, high: number): number {
  return Math.max(-min, max) / Math.max(low, high);
}

const aboutExtremesRules: Readonly<Record<keyof typeof extremesRules, string>> = {
  absmax: "s = max(max(x)/max(c), min(x)/min(c)): the smallest positive scale at which nothing clips",
  signed:
    "as absmax, but the group may be mirrored by a negative scale when that makes it finer: the longer side of the data meets the longer side of the codebook. Free: it uses the sign bit of the stored scale",
  signedmax:
    "the value of largest magnitude, sign kept, maps onto the codebook's longer end (llama.cpp, BOF4-S, full-range INT); the other side may clip",
  clipped:
    "s = max|x|/max(c) (llm-datatypes RTN): a shorter negative side clips, e.g. every value of E2M1+SR below −0.75 max|x|. For comparison with published numbers",
  maxabs: "s = max|x|/max|c| (llm-datatypes GPTQ): the shorter side clips. For comparison with published numbers",
  unit: "s = max|x|: the largest magnitude maps onto ±1 wherever the codebook ends (ParetoQ SEQ)",
  clip: "as maxabs, times the ratio among 1, 0.995 … 0.805 with the least error, for each group by itself (llm-datatypes' --enable_mse_search takes one ratio for a whole layer)",
  antgrid: "as maxabs, times the ratio among 0.75, 0.76 … 1.49 with the least error (ANT's search, w_low 75, w_up 150)",
};

/** What a rule does, in a line, for sheets. */
export function aboutRule(id: ScaleRuleId): string {
  return { ...aboutExtremesRules, ...aboutPowerOfTwoRules, ...aboutStatisticRules }[id];
}
