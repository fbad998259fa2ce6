import { coders } from "./coder.ts";
import type { Format } from "./format.ts";
import { type GroupFit, plainFit } from "./groupFit.ts";
import type { GroupSpan } from "./groups.ts";
import { fitHif4 } from "./hif4.ts";
import { type Kernel, kernelOf } from "./kernel.ts";
import { measuredFit } from "./measuredFit.ts";
import { fitOlive } from "./olive.ts";
import { scaleRules } from "./scaleRules.ts";
import { scaleStores } from "./scaleStores.ts";
import type { Objective } from "./selector.ts";
import { type Outer, storedScale } from "./storedScale.ts";

/** Fits the groups of matrices in one format: chooses the codebook, finds and stores scales. */
export interface GroupFitter {
  readonly kernels: readonly Kernel[];
  /** The scale of a group before it is stored, from which a second level follows; 0 for zeros. */
  ideal(values: Float32Array, span: GroupSpan): number;
  /** The stored scale from a group's extremes, where that is all of its fit; null for other formats. Not for zeros. */
  readonly scaleOf: ((min: number, max: number, outer: Outer | null, where: () => string) => number) | null;
  /** How a group is rounded. `where` names it in errors. Throws UserError for a scale above the store's range. */
  fit(values: Float32Array, span: GroupSpan, outer: Outer | null, where: () => string): GroupFit;
}

/** One way to round a group: a codebook, and the reach by which its scale is found. */
interface Candidate {
  choice: number;
  kernel: Kernel;
  low: number;
  high: number;
}

/** Kernels of all codebooks of a format, in the order of its selector. */
export function kernelsOf({ elements, tie }: Format): Kernel[] {
  return elements.map((element) => kernelOf({ element, tie }));
}

export function groupFitter(format: Format): GroupFitter {
  const kernels = kernelsOf(format);
  const rule = scaleRules[format.rule];
  const { ratios = [1] } = rule;
  const codesFromExact = scaleStores[format.store].codesFromExact === true;
  const candidates = candidatesOf(format, kernels);
  const scratch: { array: Float32Array } = { array: new Float32Array(0) };
  const round = coders[format.coder].round;

  const one = (
    candidate: Candidate,
    ratio: number,
    values: Float32Array,
    span: GroupSpan,
    outer: Outer | null,
    where: () => string,
  ) => {
    const { choice, kernel } = candidate;
    if ("measure" in rule) {
      const measured = rule.measure(values, span.from, span.to, kernel.book);
      return measuredFit(format, measured, kernel, choice, outer, where);
    }
    const exact = rule.fit(span.min, span.max, candidate.low, candidate.high, kernel.book.step) * ratio;
    const fit = plainFit(choice, storedScale(format, exact, kernel.unit, outer, where));
    // Of subnormal numbers the exact scale may be 0 as float32.
    if (codesFromExact) fit.divisor = Math.fround(exact) || fit.scale;
    return fit;
  };

  const best = (values: Float32Array, span: GroupSpan, outer: Outer | null, where: () => string) => {
    if (scratch.array.length < span.to) scratch.array = new Float32Array(values.length);
    let chosen: GroupFit | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const candidate of candidates) {
      for (const ratio of ratios) {
        const fit = one(candidate, ratio, values, span, outer, where);
        const squares = round(kernels, fit, format.tie, values, scratch.array, span.from, span.to);
        const error = errorOf(format.selector?.objective ?? "mse", squares, values, scratch.array, span);
        if (chosen === null || error < least) [chosen, least] = [fit, error];
      }
    }
    return chosen!;
  };

  const single = candidates.length === 1 && ratios.length === 1;
  const byExtremes = single && format.coder === "scaled" && !codesFromExact && "fit" in rule;
  return {
    kernels,
    scaleOf: byExtremes
      ? (min, max, outer, where) => {
          const { kernel, low, high } = candidates[0]!;
          return storedScale(format, rule.fit(min, max, low, high, kernel.book.step), kernel.unit, outer, where);
        }
      : null,
    ideal(values, span) {
      if (span.min === 0 && span.max === 0) return 0;
      const { kernel, low, high } = candidates[0]!;
      return "measure" in rule
        ? rule.measure(values, span.from, span.to, kernel.book).scale
        : rule.fit(span.min, span.max, low, high, kernel.book.step);
    },
    fit(values, span, outer, where) {
      if (span.min === 0 && span.max === 0) return plainFit(0, 0);
      if (format.coder === "hif4") return fitHif4(values, span.from, span.to);
      if (format.coder === "olive") {
        if (scratch.array.length < span.to) scratch.array = new Float32Array(values.length);
        const store = (exact: number) => storedScale(format, exact, OLIVE_UNIT, null, where);
        return fitOlive(kernels, values, span.from, span.to, store, scratch.array);
      }
      return single ? one(candidates[0]!, 1, values, span, outer, where) : best(values, span, outer, where);
    },
  };
}

/** Power of two at the normal end of OliVe's grid, 28. */
const OLIVE_UNIT = 16;

/** Every codebook with its own reach, or with each of the selector's targets. */
function candidatesOf({ selector }: Format, kernels: readonly Kernel[]): Candidate[] {
  return kernels.flatMap((kernel, choice) =>
    (selector?.targets ?? [null]).map((target) => {
      const { low, high } = kernel.book;
      return target === null ? { choice, kernel, low, high } : { choice, kernel, low: target, high: target };
    }),
  );
}

function errorOf(
  objective: Objective,
  squares: number,
  values: Float32Array,
  rounded: Float32Array,
  span: GroupSpan,
): number {
  if (objective === "mse") return squares;
  let [sum, largest] = [0, 0];
  for (let i = span.from; i < span.to; i++) {
    const error = Math.abs(values[i]! - rounded[i]!);
    sum += error;
    if (error > largest) largest = error;
  }
  return objective === "mae" ? sum : largest;
}
