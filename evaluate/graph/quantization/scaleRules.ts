import { exponentOf } from "../../../formats/scaleFloat.ts";
import type { Reach, ScaleRuleId } from "../../../formats/scaleRules.ts";
import type { Value } from "../value.ts";
import type { Grouped } from "./groups.ts";
import { powerBelow } from "./nearestLevel.ts";
import type { Nodes } from "./nodes.ts";

/** What a rule may look at, float64 [lines, groups, 1] where nothing else is said; groups of zeros have extremes of ±1. */
export interface GroupFacts {
  /** Extremes with 0 among them. */
  readonly min: Value;
  readonly max: Value;
  /** Extremes without it. */
  least(): Value;
  most(): Value;
  /** All numbers, float64 [lines, groups, length], and how they are grouped. */
  values(): Value;
  readonly grouped: Grouped;
}

/** `Measured` of formats/ as values of a graph. */
export interface MeasuredValues {
  scale: Value;
  lower?: Value;
  divisor?: Value;
  shift?: Value;
  zeroPoint?(stored: Value): Value;
  offset?(stored: Value): Value;
}

type Rule = (n: Nodes, facts: GroupFacts, reach: Reach) => MeasuredValues;

/** A rule of the extremes alone. */
const ofExtremes =
  (scale: (n: Nodes, min: Value, max: Value, reach: Reach) => Value): Rule =>
  (n, { min, max }, reach) => ({ scale: scale(n, min, max, reach) });

/** The scale rules of formats/ in float64, operation by operation: a test holds each to its original. */
export const scaleRuleNodes: Readonly<Partial<Record<ScaleRuleId, Rule>>> = {
  absmax: ofExtremes((n, min, max, { low, high }) => smallestScale(n, n.neg(min), max, low, high)),
  signed: ofExtremes((n, min, max, { low, high }) => {
    const straight = smallestScale(n, n.neg(min), max, low, high);
    const mirrored = smallestScale(n, max, n.neg(min), low, high);
    return n.where(n.less(mirrored, straight), n.neg(mirrored), straight);
  }),
  signedmax: ofExtremes((n, min, max, { low, high }) => {
    const peak = n.where(n.atLeast(max, n.neg(min)), max, min);
    return high >= low ? n.div(peak, high) : n.div(n.neg(peak), low);
  }),
  clipped: ofExtremes((n, min, max, { high }) => n.div(largest(n, min, max), high)),
  maxabs: ofExtremes((n, min, max, reach) => n.div(largest(n, min, max), ends(reach))),
  unit: ofExtremes((n, min, max) => largest(n, min, max)),
  clip: ofExtremes((n, min, max, reach) => n.div(largest(n, min, max), ends(reach))),
  antgrid: ofExtremes((n, min, max, reach) => n.div(largest(n, min, max), ends(reach))),
  floor: ofExtremes((n, min, max, reach) => n.mul(powerBelow(n, largest(n, min, max)), endPower(reach))),
  ceil: ofExtremes((n, min, max, reach) => {
    const peak = largest(n, min, max);
    const power = powerBelow(n, peak);
    return n.mul(n.where(n.greater(peak, power), n.mul(power, 2), power), endPower(reach));
  }),
  rceil: ofExtremes((n, min, max, reach) => {
    const peak = largest(n, min, max);
    const power = n.mul(powerBelow(n, peak), endPower(reach));
    return n.where(n.atLeast(n.mul(power, ends(reach)), peak), power, n.mul(power, 2));
  }),
  rounded: ofExtremes((n, min, max, reach) => {
    const peak = largest(n, min, max);
    const power = powerBelow(n, peak);
    const half = (reach.step * endPower(reach)) / 2;
    const up = n.atLeast(n.div(peak, power), 2 - half);
    return n.mul(n.where(up, n.mul(power, 2), power), endPower(reach));
  }),
  mean: (n, facts) => ({ scale: meanMagnitude(n, facts) }),
  rms(n, { values, grouped }) {
    const squares = n.mul(values(), values());
    const sum = n.sumInOrder(grouped.own ? n.mul(squares, grouped.own) : squares);
    return { scale: n.sqrt(n.div(sum, grouped.counts)) };
  },
  mean2: (n, facts) => ({ scale: n.mul(meanMagnitude(n, facts), 2) }),
  mean43: (n, facts) => ({ scale: n.mul(meanMagnitude(n, facts), 4 / 3) }),
  "mean-centred": (n, facts) => centred(n, facts, 1),
  "mean43-centred": (n, facts) => centred(n, facts, 4 / 3),
  twn(n, facts) {
    const sizes = n.abs(facts.values());
    const delta = n.mul(meanMagnitude(n, facts), 0.7);
    const above = n.cast(n.greater(sizes, delta), n.wide);
    const kept = facts.grouped.own ? n.mul(above, facts.grouped.own) : above;
    return { scale: n.div(n.sumInOrder(n.mul(sizes, kept)), n.sumInOrder(kept)), divisor: n.mul(delta, 2) };
  },
  llmqat(n, facts, reach) {
    const inverse = n.div(ends(reach), n.add(n.max(n.neg(facts.least()), facts.most()), 1e-6));
    return { scale: n.div(1, n.add(inverse, 1e-6)), divisor: n.div(1, inverse) };
  },
  twosided(n, facts, { low, high }) {
    const upper = n.div(n.max(facts.most(), 0), high);
    const lower = n.div(n.max(n.neg(facts.least()), 0), low);
    const missing = (x: Value) => n.atMost(x, 0);
    return { scale: n.where(missing(upper), lower, upper), lower: n.where(missing(lower), upper, lower) };
  },
  affine(n, facts, { low, high }) {
    const bottom = facts.least();
    return {
      scale: n.div(n.sub(facts.most(), bottom), high + low),
      offset: (stored) => n.add(bottom, n.mul(stored, low)),
    };
  },
  zeropoint(n, { min, max }, { low, high }) {
    return {
      scale: n.div(n.sub(max, min), high + low),
      zeroPoint: (stored) => n.clip(n.sub(n.round(n.div(n.neg(min), stored)), low), -low, high),
    };
  },
  minmax(n, facts, { low, high }) {
    const bottom = facts.least();
    return {
      scale: n.div(n.max(n.sub(facts.most(), bottom), 1e-5), high + low),
      zeroPoint: (stored) => n.clip(n.sub(n.neg(roundAway(n, n.div(bottom, stored))), low), -low, high),
    };
  },
};

function smallestScale(n: Nodes, negative: Value, positive: Value, low: number, high: number): Value {
  const both = n.max(high > 0 ? n.div(positive, high) : 0, low > 0 ? n.div(negative, low) : n.mul(negative, 0));
  if (low > 0 && high > 0) return both;
  return n.where(n.greater(both, 0), both, n.div(n.max(negative, positive), Math.max(low, high)));
}

function largest(n: Nodes, min: Value, max: Value): Value {
  return n.max(n.neg(min), max);
}

function ends({ low, high }: Reach): number {
  return Math.max(low, high);
}

function endPower(reach: Reach): number {
  return 2 ** -exponentOf(ends(reach));
}

function meanMagnitude(n: Nodes, { values, grouped }: GroupFacts, shift?: Value): Value {
  const sizes = n.abs(shift ? n.sub(values(), shift) : values());
  return n.div(n.sumInOrder(grouped.own ? n.mul(sizes, grouped.own) : sizes), grouped.counts);
}

function centred(n: Nodes, facts: GroupFacts, factor: number): MeasuredValues {
  const { values, grouped } = facts;
  const shift = n.div(n.sumInOrder(grouped.own ? n.mul(values(), grouped.own) : values()), grouped.counts);
  const mean = meanMagnitude(n, facts, shift);
  return { scale: factor === 1 ? mean : n.mul(mean, factor), shift };
}

/** To the nearest integer, halves away from zero. */
function roundAway(n: Nodes, x: Value): Value {
  const even = n.round(x);
  const rest = n.sub(x, even);
  const up = n.both(n.atLeast(rest, 0.5), n.greater(x, 0));
  const down = n.both(n.atMost(rest, -0.5), n.less(x, 0));
  return n.sub(n.add(even, n.cast(up, x.type)), n.cast(down, x.type));
}
