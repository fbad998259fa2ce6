import { element as makeElement } from "../../formats/element.ts";
import { type Element, fakeQuantize, getElement, makeFormat, UserError } from "../../formats/index.ts";
import type { MacCost } from "../cost.ts";
import { macCost } from "../macCost.ts";
import { sampler } from "../netlist/codeStreams.ts";

/** What one extra value in the place of E2M1's second zero costs and buys. */
export interface SpecialValue {
  /** Null: E2M1 itself. */
  value: number | null;
  element: string;
  cost: MacCost;
  /** Squared error over squared values of numbers drawn from the t, with its standard error. */
  mse: number;
  mseSigma: number;
  /** mse over that of E2M1 on the same numbers, with the standard error of this paired ratio. */
  mseRatio: number;
  mseRatioSigma: number;
}

export interface SpecialValueOptions {
  /** Degrees of freedom of the numbers; 5 as in SF4's derivation. */
  nu?: number;
  values?: readonly number[];
  /** Numbers that share a scale; the scale rule is the element's own, so one-sided codebooks may mirror a group. */
  group?: number;
  /** Groups drawn, a multiple of 16. */
  groups?: number;
  seed?: number;
  /** Cost of an element times itself; the count model without it. */
  costOf?: (element: Element) => MacCost;
}

/** Batches for standard errors. */
const BATCHES = 16;
/** 2^24 numbers take a second per value. */
const MAX_NUMBERS = 2 ** 24;
/** Ten times the largest value of E2M1; with a wider one the other fifteen would share a tenth of the range. */
const MAX_SPECIAL = 60;

/** 0.25, 0.5, … 16 without the magnitudes E2M1 already has. */
export function defaultSpecialValues(): number[] {
  const present = getElement("e2m1").values;
  return Array.from({ length: 64 }, (_, i) => (i + 1) / 4).filter((value) => !present.includes(value));
}

/**
 * E2M1 and E2M1 plus one extra value, for each: MAC area and error on a t distribution. Fifteen values are E2M1's own, so the
 * extra one is free in storage. Data for a chart; E2M1 comes first. Throws UserError for values that are no extra ones.
 */
export function specialValueSweep(options: SpecialValueOptions = {}): SpecialValue[] {
  const { nu = 5, values = defaultSpecialValues(), group = 128, groups = 512, seed = 1 } = options;
  const costOf = options.costOf ?? ((element: Element) => macCost(element, element));
  if (!(Number.isInteger(group) && group > 0 && Number.isInteger(groups / BATCHES) && groups > 0)) {
    throw new UserError(`${groups} groups of ${group}: expected whole numbers, groups a multiple of ${BATCHES}`);
  }
  if (groups * group > MAX_NUMBERS) throw new UserError(`${groups} groups of ${group}: over ${MAX_NUMBERS} numbers`);
  const numbers = Float32Array.from({ length: groups * group }, sampler({ nu, location: 0, scale: 1 }, seed));
  const rows = groups / BATCHES;
  const errorsOf = (element: Element) => {
    const format = makeFormat({ element, group });
    const out = new Float32Array(rows * group);
    return Array.from({ length: BATCHES }, (_, batch) => {
      const part = numbers.subarray(batch * rows * group, (batch + 1) * rows * group);
      return fakeQuantize(part, rows, group, format, out);
    });
  };
  const base = errorsOf(getElement("e2m1"));
  return [null, ...values].map((value): SpecialValue => {
    const element = value === null ? getElement("e2m1") : withSpecial(value);
    const errors = value === null ? base : errorsOf(element);
    const mse = jackknife(BATCHES, (kept) => sum(errors, kept, "sumSquaredError") / sum(errors, kept, "sumSquares"));
    const ratio = jackknife(
      BATCHES,
      (kept) => sum(errors, kept, "sumSquaredError") / sum(base, kept, "sumSquaredError"),
    );
    return {
      value,
      element: element.id,
      cost: costOf(element),
      mse: mse.value,
      mseSigma: mse.sigma,
      mseRatio: ratio.value,
      mseRatioSigma: ratio.sigma,
    };
  });
}

/** E2M1 with another value at the code of −0. The registry's own stop at 12. */
function withSpecial(value: number): Element {
  const e2m1 = getElement("e2m1");
  if (!(Number.isFinite(value) && Math.abs(value) <= MAX_SPECIAL) || e2m1.values.includes(value)) {
    throw new UserError(`special value ${value}: expected a number of magnitude up to ${MAX_SPECIAL} that E2M1 lacks`);
  }
  const { family, bits, tie } = e2m1;
  const codes = e2m1.codes.with(e2m1.codes.length / 2, value);
  return makeElement({ id: `e2m1+sp${value}`, family, bits, tie, codes });
}

function sum<K extends string>(batches: readonly Record<K, number>[], kept: (i: number) => boolean, key: K): number {
  return batches.reduce((total, batch, i) => (kept(i) ? total + batch[key] : total), 0);
}

/** A ratio of sums over batches and its standard error, leaving out one batch at a time (Quenouille; Tukey). */
function jackknife(n: number, estimate: (kept: (i: number) => boolean) => number): { value: number; sigma: number } {
  const partial = Array.from({ length: n }, (_, out) => estimate((i) => i !== out));
  const mean = partial.reduce((a, b) => a + b, 0) / n;
  const spread = partial.reduce((total, x) => total + (x - mean) ** 2, 0);
  return { value: estimate(() => true), sigma: Math.sqrt(((n - 1) / n) * spread) };
}
