import { type Histogram, histogram } from "./histogram.ts";
import { ksDistance } from "./ks.ts";
import { solve3 } from "./likelihood.ts";
import { exactLogLikelihood, maximize } from "./maximize.ts";
import { type Moments, moments, type Samples } from "./moments.ts";
import { profileLower } from "./profile.ts";
import { lgamma, normalCdf, studentTCdf } from "./special.ts";
import { type Figures, type FitOptions, momentsOnly, type TFit } from "./tfit.ts";
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

/** What a fit needs to know of data, wherever they are. */
export interface Sketch {
  all: Moments;
  /** Moments of the elements that are not exactly zero. */
  others(): Moments;
  points(skipZeros: boolean): Histogram;
  /** Log-likelihood of a t in nats per element; `constant` is the logarithm of its density's factor. */
  logLikelihood(skipZeros: boolean, location: number, scale: number, nu: number, constant: number): number;
}

/**
 * Maximum-likelihood fit of a Student t (location, scale, ν) to `data` of any shape, flattened.
 * Standard errors come from the observed information. Throws UserError on NaN or infinity (with the index) and on no data.
 */
export function fitStudentT(data: Samples, options: FitOptions = {}): TFit {
  const all = moments(data, options.name);
  return fitSketch({
    all,
    others: () => moments(nonZeros(data, all.n - all.zeros), options.name),
    points: (skipZeros) => histogram(data, skipZeros),
    logLikelihood: (skipZeros, ...t) => exactLogLikelihood(data, skipZeros, ...t),
  });
}

export function fitSketch(sketch: Sketch): TFit {
  const { all } = sketch;
  const zeroFraction = all.zeros / all.n;
  const base = { n: all.n, zeroFraction };
  if (all.minimum === all.maximum) {
    return {
      ...base,
      ...momentsOnly(all, all.n),
      verdict: "constant",
      message: `all ${all.n} elements are ${all.minimum}`,
    };
  }
  const others = zeroFraction > SPARSE_FROM && all.zeros >= SPARSE_COUNT ? sketch.points(true) : null;
  const sparse = others !== null && zeroFraction > SPARSE_OVER_OTHERS * others.largest * (1 - zeroFraction);
  const some = sparse ? sketch.others() : all;
  const wrap = (verdict: Verdict, message: string, rest: Figures): TFit => ({
    ...base,
    ...rest,
    verdict: sparse ? "sparse" : verdict,
    message: sparse ? sparseMessage(zeroFraction, message) : message,
  });
  if (some.n < TINY_BELOW) {
    return wrap(
      "tiny",
      `${some.n} elements are too few to estimate tails (${TINY_BELOW} needed)`,
      momentsOnly(some, some.n),
    );
  }
  const points = sparse ? others : sketch.points(false);
  const few = points.count.length <= DISCRETE_UP_TO && some.n >= 32 * points.count.length;
  if (few || points.largest > ATOM_FROM) {
    const message = few
      ? `${points.count.length} distinct values: a grid, not a density`
      : `one value holds ${(100 * points.largest).toFixed(0)} % of the elements`;
    return wrap("discrete", message, momentsOnly(some, some.n));
  }
  return fitContinuous(sketch, sparse, points, some, wrap);
}

function fitContinuous(
  sketch: Sketch,
  sparse: boolean,
  points: Histogram,
  some: Moments,
  wrap: (verdict: Verdict, message: string, rest: Figures) => TFit,
): TFit {
  const n = some.n;
  const { theta, likelihood, interior } = maximize(points, [0, -0.1, Math.log(5)]);
  const nu = Math.exp(theta[2]);
  const unitScale = Math.exp(theta[1]);
  const location = points.center + points.unit * theta[0];
  const scale = points.unit * unitScale;
  const constant = lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * Math.log(nu * Math.PI);
  const logLikelihoodT = sketch.logLikelihood(sparse, location, scale, nu, constant);
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
