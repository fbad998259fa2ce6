import { UserError } from "../formats/index.ts";
import { addAll, type Bins, mergeBins, pointsOf } from "./bins.ts";
import { type CentralMoments, centralMoments, combined, momentsFrom, NO_MOMENTS, rescaled } from "./centralMoments.ts";
import { EXACT_UP_TO, type Histogram, probe } from "./histogram.ts";
import type { Samples } from "./moments.ts";
import { fitSketch, fitStudentT, type Sketch } from "./student.ts";
import type { FitOptions, TFit } from "./tfit.ts";

/** What an accumulator has seen, as plain data: survives structuredClone, so that a worker can post it. */
export interface AccumulatorState {
  /** The elements themselves, as long as they are few. */
  first: Float64Array<ArrayBuffer> | null;
  /** After that: counts and moments of the non-zero elements. The moments are in units of `bins`. */
  bins: Bins;
  others: CentralMoments;
  minimum: number;
  maximum: number;
  zeros: number;
}

/** Fits a tensor that comes in chunks, in bounded memory: about a megabyte, and eight more during `fit`. */
export interface Accumulator {
  /** Elements so far. */
  readonly n: number;
  /** Takes a chunk; on UserError (NaN or infinity, named by its index in the whole) nothing of it was taken. */
  push(chunk: Samples): void;
  /** Takes what another accumulator has seen. */
  merge(other: AccumulatorState): void;
  /** The fit of all so far; more may follow. Throws UserError on no data. */
  fit(): TFit;
  state(): AccumulatorState;
}

/** Bins are 2^−11 of the distance from the centre wide: at this many scales from it, a fiftieth of a scale. */
const DRIFT_MAX = 40;

/**
 * A streaming `fitStudentT`: equal to it up to 16 384 elements; above, the bins are placed by the first of them, figures
 * agree to 1e-4 relative, the log-likelihood (taken on the bins) to 1e-6 nats an element; merging parts whose bins differ
 * costs another digit. For tensors larger than
 * memory, for workers that each see a part (`merge`), and for activations as they pass.
 */
export function createAccumulator(options: FitOptions = {}): Accumulator {
  const { name = "data" } = options;
  const seen: AccumulatorState = {
    first: new Float64Array(0),
    bins: { center: 0, unit: 1, pages: new Map() },
    others: NO_MOMENTS,
    minimum: Number.POSITIVE_INFINITY,
    maximum: Number.NEGATIVE_INFINITY,
    zeros: 0,
  };
  const count = () => seen.first?.length ?? seen.others.n + seen.zeros;
  const takeIn = (chunk: Samples, range: Range): void => {
    const { center, unit } = seen.bins;
    seen.others = combined(seen.others, centralMoments(chunk, center, unit));
    addAll(seen.bins, chunk);
    seen.minimum = Math.min(seen.minimum, range.minimum);
    seen.maximum = Math.max(seen.maximum, range.maximum);
    seen.zeros += range.zeros;
  };
  /** From elements to bins. */
  const spill = (bins: Bins): void => {
    const { first } = seen;
    seen.first = null;
    seen.bins = bins;
    if (first !== null && first.length > 0) takeIn(first, rangeOf(first, name, 0));
  };
  const push = (chunk: Samples): void => {
    const range = rangeOf(chunk, name, count());
    const { first } = seen;
    if (first !== null && first.length + chunk.length <= EXACT_UP_TO) {
      seen.first = joined(first, chunk);
      return;
    }
    if (first !== null) {
      const head = joined(first, chunk.subarray(0, EXACT_UP_TO - first.length));
      spill({ ...probe(head, true), pages: new Map() });
    }
    takeIn(chunk, range);
  };
  return {
    get n() {
      return count();
    },
    push,
    merge(other) {
      if (other.first !== null) return push(other.first);
      if (seen.first !== null) spill({ ...other.bins, pages: new Map() });
      const { center, unit } = seen.bins;
      const shift = (other.bins.center - center) / unit;
      seen.others = combined(seen.others, rescaled(other.others, other.bins.unit / unit, shift));
      mergeBins(seen.bins, other.bins);
      seen.minimum = Math.min(seen.minimum, other.minimum);
      seen.maximum = Math.max(seen.maximum, other.maximum);
      seen.zeros += other.zeros;
    },
    fit() {
      if (seen.first !== null) return fitStudentT(seen.first, { name });
      const fit = fitSketch(sketchOf(seen));
      const away = Math.abs((fit.location ?? fit.mean) - seen.bins.center);
      if (away > DRIFT_MAX * (fit.scale ?? fit.standardDeviation) && fit.verdict !== "constant") {
        throw new UserError(
          `${name}: its first ${EXACT_UP_TO} elements, around ${seen.bins.center}, lie too far from the rest to place bins by`,
        );
      }
      return fit;
    },
    state() {
      const pages = new Map([...seen.bins.pages].map(([index, page]) => [index, page.slice()]));
      return { ...seen, bins: { ...seen.bins, pages } };
    },
  };
}

interface Range {
  minimum: number;
  maximum: number;
  zeros: number;
}

/** Extremes and zeros of a chunk. Throws UserError for NaN or infinity. */
function rangeOf(chunk: Samples, name: string, before: number): Range {
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  let zeros = 0;
  for (let i = 0; i < chunk.length; i++) {
    const x = chunk[i]!;
    // False for NaN as well.
    if (!(x - x === 0)) throw new UserError(`${name}: element ${before + i} is ${x}; a fit needs finite numbers`);
    if (x < minimum) minimum = x;
    if (x > maximum) maximum = x;
    if (x === 0) zeros++;
  }
  return { minimum, maximum, zeros };
}

function joined(first: Float64Array, chunk: Samples): Float64Array<ArrayBuffer> {
  const all = new Float64Array(first.length + chunk.length);
  all.set(first);
  all.set(chunk, first.length);
  return all;
}

function sketchOf({ bins, others, minimum, maximum, zeros }: AccumulatorState): Sketch {
  const { center, unit } = bins;
  const atZero: CentralMoments = { ...NO_MOMENTS, n: zeros, mean: -center / unit };
  const inUnits = (c: CentralMoments, zeros: number) =>
    momentsFrom(rescaled(c, unit, center), { minimum, maximum, zeros });
  return {
    all: inUnits(combined(others, atZero), zeros),
    others: () => inUnits(others, 0),
    points: (skipZeros) => pointsOf(bins, others.n + (skipZeros ? 0 : zeros), skipZeros ? 0 : zeros),
    logLikelihood: (skipZeros, location, scale, nu, constant) => {
      const points = pointsOf(bins, others.n + (skipZeros ? 0 : zeros), skipZeros ? 0 : zeros);
      return binnedLogLikelihood(points, location, scale, nu, constant);
    },
  };
}

function binnedLogLikelihood(
  { n, center, unit, position, count }: Histogram,
  location: number,
  scale: number,
  nu: number,
  constant: number,
): number {
  let logs = 0;
  for (let i = 0; i < count.length; i++) {
    const z = (position[i]! * unit + center - location) / scale;
    logs += count[i]! * Math.log1p((z * z) / nu);
  }
  return constant - Math.log(scale) - (((nu + 1) / 2) * logs) / n;
}
