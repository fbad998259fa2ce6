import { UserError } from "../../../formats/error.ts";
import type { Format } from "../../../formats/format.ts";
import { kernelsOf } from "../../../formats/groupFitter.ts";
import type { Kernel } from "../../../formats/kernel.ts";
import { type Reach, scaleRules } from "../../../formats/scaleRules.ts";
import { scaleStores } from "../../../formats/scaleStores.ts";
import type { Value } from "../value.ts";
import type { Grouped } from "./groups.ts";
import type { Nodes } from "./nodes.ts";
import { type GroupFacts, type MeasuredValues, scaleRuleNodes } from "./scaleRules.ts";
import { outerNumber, requireArithmetic, storedOffset, storedScale } from "./storedScale.ts";

/** One way to round every group: `GroupFit` of formats/ as values [lines, groups, 1], for one codebook. */
export interface FitValues {
  readonly kernel: Kernel;
  /** float32; 0 in groups of zeros. */
  readonly scale: Value;
  /** float32 scale of the levels below zero; null where it is `scale`. */
  readonly lower: Value | null;
  /** What is divided by, float32, or float64 where no float32 says it; never 0. */
  readonly divisor: Value;
  /** float64: what is taken away before that; null for nothing. */
  readonly shift: Value | null;
  /** float64: what is taken away too and given back; null for nothing. */
  readonly offset: Value | null;
  /** float32; null where levels are not shifted. */
  readonly zeroPoint: Value | null;
}

/** Codebooks × values that the extreme may map to × ratios. Each is a rounding of all numbers, in about twelve nodes, to find the best. */
const CANDIDATES_MAX = 80;

/** Throws UserError for a format whose groups nodes cannot fit. */
export function requireFittable(format: Format): void {
  const { id, coder, rule } = format;
  if (coder === "hif4") return;
  if (coder !== "scaled")
    throw new UserError(
      `${id}: its ${coder} layout cannot round activations or caches inside a graph; take a format of codebook and scales`,
    );
  if (!scaleRuleNodes[rule]) throw new UserError(`${id}: scale rule ${rule} has no form inside a graph`);
  requireArithmetic(format);
  const count = candidatesOf(format).length;
  if (count > CANDIDATES_MAX)
    throw new UserError(
      `${id}: each group tries ${count} fits, inside a graph at most ${CANDIDATES_MAX}; take another scale rule`,
    );
}

interface Candidate extends Reach {
  kernel: Kernel;
  ratio: number;
}

/** In the order in which `groupFitter` tries them. */
function candidatesOf(format: Format): Candidate[] {
  const rule = scaleRules[format.rule];
  const targets = format.selector?.targets ?? [null];
  return kernelsOf(format).flatMap((kernel) =>
    targets.flatMap((target) =>
      (rule.ratios ?? [1]).map((ratio) => {
        const { low, high, step } = kernel.book;
        return { kernel, ratio, step, low: target ?? low, high: target ?? high };
      }),
    ),
  );
}

/** All fits that a format's groups choose from, in the order in which the first of equals wins. `apart`: each line is a matrix. */
export function groupFits(n: Nodes, format: Format, grouped: Grouped, apart: boolean): FitValues[] {
  const facts = factsOf(n, grouped);
  const candidates = candidatesOf(format);
  const { isZero } = facts;
  const outer = scaleStores[format.store].outer
    ? outerOf(n, format, grouped, apart, n.where(isZero, 0, n.abs(measure(n, format, facts, candidates[0]!).scale)))
    : null;
  return candidates.map((candidate) => {
    const { kernel, ratio } = candidate;
    const { unit } = kernel;
    const measured = measure(n, format, facts, candidate);
    const exact = ratio === 1 ? measured.scale : n.mul(measured.scale, ratio);
    const scale = storedScale(n, format, exact, unit, outer);
    const single = (x: Value) => n.cast(n.where(isZero, 0, x), "float32");
    const lower = measured.lower && storedScale(n, format, measured.lower, unit, outer);
    const { codesFromExact } = scaleStores[format.store];
    const unrounded = measured.offset?.(codesFromExact ? exact : scale);
    const offset = unrounded && storedOffset(n, format, unrounded, unit);
    const lost = codesFromExact && offset ? n.sub(unrounded, offset) : null;
    const shift = measured.shift ?? null;
    // A stored scale is a float32 number: the cast loses nothing.
    const stored = n.cast(scale, "float32");
    const single32 = codesFromExact ? n.cast(exact, "float32") : stored;
    const usable = codesFromExact ? n.where(n.equal(single32, 0), stored, single32) : stored;
    const divisor = measured.divisor ?? usable;
    return {
      kernel,
      scale: single(scale),
      lower: lower ? single(lower) : null,
      divisor: n.where(isZero, 1, divisor),
      shift: shift && lost ? n.add(shift, lost) : (shift ?? lost),
      offset: offset ? n.where(isZero, 0, offset) : null,
      zeroPoint: measured.zeroPoint ? n.cast(n.where(isZero, 0, measured.zeroPoint(scale)), "float32") : null,
    };
  });
}

function measure(n: Nodes, { rule }: Format, facts: GroupFacts, reach: Reach): MeasuredValues {
  return scaleRuleNodes[rule]!(n, facts, reach);
}

/** Extremes in the wide type, with ±1 in groups of zeros, whose scale is set to 0 afterwards. */
function factsOf(n: Nodes, grouped: Grouped): GroupFacts & { isZero: Value } {
  const { values } = grouped;
  const [least, most] = [n.smallest(values, [2]), n.largest(values, [2])];
  const [min, max] = [n.min(least, 0), n.max(most, 0)];
  const isZero = n.atMost(n.max(n.neg(min), max), 0);
  const safe = (x: Value, instead: number) => n.cast(n.where(isZero, instead, x), n.wide);
  return {
    isZero,
    min: safe(min, -1),
    max: safe(max, 1),
    least: () => safe(least, -1),
    most: () => safe(most, 1),
    values: () => n.cast(values, n.wide),
    grouped,
  };
}

/** The second level that each group's scale is stored under, [lines, groups, 1]. */
function outerOf(n: Nodes, format: Format, { lines, groups }: Grouped, apart: boolean, ideal: Value): Value {
  const { span } = scaleStores[format.store].outer!;
  if (span === "row") return outerNumber(n, format, n.largest(ideal, [1]));
  if (span === "tensor") return outerNumber(n, format, n.largest(ideal, apart ? [1] : [0, 1]));
  const [units, each] = apart ? [lines, groups] : [1, lines * groups];
  const spans = Math.ceil(each / span);
  const padded = n.lengthen(n.reshape(ideal, [units, each]), 1, spans * span - each, "constant");
  const numbers = outerNumber(n, format, n.largest(n.reshape(padded, [units, spans, span]), [2]));
  const spread = n.reshape(n.expand(numbers, [units, spans, span]), [units, spans * span]);
  return n.reshape(n.slice(spread, 1, 0, each), [lines, groups, 1]);
}
