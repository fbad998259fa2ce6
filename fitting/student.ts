import { type Histogram, histogram } from "./histogram.ts";
import { ksDistance } from "./ks.ts";
import { solve3, type Theta } from "./likelihood.ts";
import { exactLogLikelihood, maximize } from "./maximize.ts";
import { type Moments, moments, type Samples } from "./moments.ts";
import { lgamma, normalCdf, studentTCdf } from "./special.ts";
import {
  ATOM_FROM,
  DISCRETE_UP_TO,
  judge,
  SPARSE_COUNT,
  SPARSE_FROM,
  SPARSE_OVER_OTHERS,
  sparseMessage,
  TINY_BELOW,
  type Verdict,
} from "./verdict.ts";

/** What distribution a tensor has. Null means: not estimable for this verdict, see `message`. */
export interface TFit {
  /** Elements given, and elements the figures below describe (fewer only for `sparse`). */
  n: number;
  fitted: number;
  zeroFraction: number;
  verdict: Verdict;
  message: string;
  /** Degrees of freedom; null when Gaussian (infinite), with `nuLower` as what is known. */
  nu: number | null;
  nuStderr: number | null;
  /** One-sided 95 % lower confidence bound of ν. */
  nuLower: number | null;
  location: number | null;
  locationStderr: number | null;
  /** Scale of the t, or the standard deviation when Gaussian. */
  scale: number | null;
  scaleStderr: number | null;
  mean: number;
  standardDeviation: number;
  skewness: number | null;
  excessKurtosis: number | null;
  /** Nats per element under the best t and the best normal, and their difference (≥ 0). */
  logLikelihood: number | null;
  logLikelihoodNormal: number | null;
  gain: number | null;
  /** 2 n gain: χ² statistic of normal against t. */
  likelihoodRatio: number | null;
  ksT: number | null;
  ksNormal: number | null;
  /** ksNormal − ksT, the paper's KS-Δ (Tables 1, 11, 12): positive where a t fits better. */
  ksDelta: number | null;
}

export interface FitOptions {
  /** Name of the tensor in error messages. */
  name?: string;
}

/**
 * Maximum-likelihood fit of a Student t (location, scale, ν) to `data` of any shape, flattened.
 * Standard errors come from the observed information. Throws UserError on NaN or infinity (with the index) and on no data.
 */
export function fitStudentT(data: Samples, options: FitOptions = {}): TFit {
  const all = moments(data, options.name);
  const zeroFraction = all.zeros / all.n;
  const base = { n: all.n, zeroFraction };
  if (all.minimum === all.maximum) {
    return { ...base, ...empty(all, all.n), verdict: "constant", message: `all ${all.n} elements are ${all.minimum}` };
  }
  const others = zeroFraction > SPARSE_FROM && all.zeros >= SPARSE_COUNT ? histogram(data, true) : null;
  const sparse = others !== null && zeroFraction > SPARSE_OVER_OTHERS * others.largest * (1 - zeroFraction);
  const some = sparse ? moments(nonZeros(data, all.n - all.zeros), options.name) : all;
  const wrap = (
    verdict: Verdict,
    message: string,
    rest: Omit<TFit, "n" | "zeroFraction" | "verdict" | "message">,
  ): TFit => ({
    ...base,
    ...rest,
    verdict: sparse ? "sparse" : verdict,
    message: sparse ? sparseMessage(zeroFraction, message) : message,
  });
  if (some.n < TINY_BELOW) {
    return wrap("tiny", `${some.n} elements are too few to estimate tails (${TINY_BELOW} needed)`, empty(some, some.n));
  }
  const points = sparse ? others : histogram(data, false);
  const few = points.count.length <= DISCRETE_UP_TO && some.n >= 32 * points.count.length;
  if (few || points.largest > ATOM_FROM) {
    const message = few
      ? `${points.count.length} distinct values: a grid, not a density`
      : `one value holds ${(100 * points.largest).toFixed(0)} % of the elements`;
    return wrap("discrete", message, empty(some, some.n));
  }
  return fitContinuous(data, sparse, points, some, wrap);
}

function fitContinuous(
  data: Samples,
  sparse: boolean,
  points: Histogram,
  some: Moments,
  wrap: (verdict: Verdict, message: string, rest: Omit<TFit, "n" | "zeroFraction" | "verdict" | "message">) => TFit,
): TFit {
  const n = some.n;
  const { theta, likelihood, interior } = maximize(points, [0, -0.1, Math.log(5)]);
  const nu = Math.exp(theta[2]);
  const unitScale = Math.exp(theta[1]);
  const location = points.center + points.unit * theta[0];
  const scale = points.unit * unitScale;
  const constant = lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * Math.log(nu * Math.PI);
  const logLikelihoodT = exactLogLikelihood(data, sparse, location, scale, nu, constant);
  const logLikelihoodNormal = -0.5 * Math.log(2 * Math.PI) - Math.log(some.standardDeviation) - 0.5;
  // The normal is the t with ν = ∞, which the search reaches only in the limit.
  const logLikelihood = Math.max(logLikelihoodT, logLikelihoodNormal);
  const gain = logLikelihood - logLikelihoodNormal;
  const tCdf = studentTCdf(nu);
  const ksT = ksDistance(points, (z) => tCdf((z - theta[0]) / unitScale));
  const toNormal = points.unit / some.standardDeviation;
  const shift = (points.center - some.mean) / some.standardDeviation;
  const ksNormal = ksDistance(points, (z) => normalCdf(z * toNormal + shift));
  const { verdict, message } = judge({
    n,
    nu,
    likelihoodRatio: 2 * n * gain,
    ks: Math.min(ksT, ksNormal),
    excessKurtosis: some.excessKurtosis,
    interior,
  });
  const gaussian = verdict === "gaussian" || (!interior && nu > 1);
  const h = likelihood.hessian.map((x) => -x * n);
  const variance = gaussian || !interior ? null : inverseDiagonal(h);
  const stderr = variance?.map(Math.sqrt);
  const sd = some.standardDeviation;
  return wrap(verdict, message, {
    fitted: n,
    nu: gaussian ? null : nu,
    nuStderr: stderr ? nu * stderr[2]! : null,
    nuLower:
      verdict === "gaussian"
        ? profileLower(points, theta, likelihood.value)
        : stderr
          ? nu * Math.exp(-1.645 * stderr[2]!)
          : null,
    location: gaussian ? some.mean : location,
    locationStderr: gaussian ? sd / Math.sqrt(n) : stderr ? stderr[0]! * points.unit : null,
    scale: gaussian ? sd : scale,
    scaleStderr: gaussian ? sd / Math.sqrt(2 * n) : stderr ? stderr[1]! * scale : null,
    mean: some.mean,
    standardDeviation: sd,
    skewness: some.skewness,
    excessKurtosis: some.excessKurtosis,
    logLikelihood,
    logLikelihoodNormal,
    gain,
    likelihoodRatio: 2 * n * gain,
    ksT,
    ksNormal,
    ksDelta: ksNormal - ksT,
  });
}

function nonZeros(data: Samples, kept: number): Float64Array {
  const out = new Float64Array(kept);
  let k = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) out[k++] = data[i]!;
  return out;
}

function inverseDiagonal(h: readonly number[]): [number, number, number] | null {
  const columns = [solve3(h, [1, 0, 0]), solve3(h, [0, 1, 0]), solve3(h, [0, 0, 1])];
  const [a, b, c] = columns;
  return a && b && c ? [a[0], b[1], c[2]] : null;
}

/** The ν whose profile log-likelihood is 1.645²/2 nats (of the whole data) below the maximum: bisection in log ν. */
function profileLower(points: Histogram, best: Theta, top: number): number {
  const coarse = points.count.length > 4096 ? merge(points, Math.ceil(points.count.length / 2048)) : points;
  const highest = coarse === points ? top : maximize(coarse, best, true).likelihood.value;
  const allowed = (1.645 * 1.645) / 2 / points.n;
  let low = Math.log(1);
  let high = best[2];
  let start: Theta = best;
  for (let i = 0; i < 24; i++) {
    const middle = 0.5 * (low + high);
    const profile = maximize(coarse, [start[0], start[1], middle], true);
    start = profile.theta;
    if (highest - profile.likelihood.value > allowed) low = middle;
    else high = middle;
  }
  return Math.exp(0.5 * (low + high));
}

/** Joins runs of `run` neighbouring points: a confidence bound does not need the fine ones. */
function merge(points: Histogram, run: number): Histogram {
  const used = Math.ceil(points.count.length / run);
  const position = new Float64Array(used);
  const count = new Float64Array(used);
  for (let i = 0; i < points.count.length; i++) {
    const k = Math.floor(i / run);
    position[k] = position[k]! + points.position[i]! * points.count[i]!;
    count[k] = count[k]! + points.count[i]!;
  }
  for (let k = 0; k < used; k++) position[k] = position[k]! / count[k]!;
  return { ...points, position, count, lower: position, upper: position };
}

function empty(m: Moments, fitted: number): Omit<TFit, "n" | "zeroFraction" | "verdict" | "message"> {
  const shaped = m.standardDeviation > 0;
  return {
    fitted,
    nu: null,
    nuStderr: null,
    nuLower: null,
    location: null,
    locationStderr: null,
    scale: null,
    scaleStderr: null,
    mean: m.mean,
    standardDeviation: m.standardDeviation,
    skewness: shaped ? m.skewness : null,
    excessKurtosis: shaped ? m.excessKurtosis : null,
    logLikelihood: null,
    logLikelihoodNormal: null,
    gain: null,
    likelihoodRatio: null,
    ksT: null,
    ksNormal: null,
    ksDelta: null,
  };
}
