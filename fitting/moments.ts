import { UserError } from "../formats/error.ts";

export type Samples = Float32Array | Float64Array;

export interface Moments {
  n: number;
  mean: number;
  /** Maximum-likelihood (1/n) standard deviation. */
  standardDeviation: number;
  skewness: number;
  /** 0 for a normal, 6/(ν−4) for a t with ν > 4. */
  excessKurtosis: number;
  minimum: number;
  maximum: number;
  zeros: number;
}

/** Two passes in double precision. Throws UserError on no data, and on NaN or infinity, naming the index. */
export function moments(data: Samples, name = "data"): Moments {
  const n = data.length;
  if (n === 0) throw new UserError(`${name}: no elements; a fit needs at least one`);
  let sum = 0;
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  let zeros = 0;
  for (let i = 0; i < n; i++) {
    const x = data[i]!;
    sum += x;
    if (x < minimum) minimum = x;
    if (x > maximum) maximum = x;
    if (x === 0) zeros++;
  }
  // A NaN or an infinity anywhere makes the sum non-finite, so the search for it is off the fast path.
  if (!Number.isFinite(sum)) {
    const at = data.findIndex((x: number) => !Number.isFinite(x));
    if (at >= 0) throw new UserError(`${name}: element ${at} is ${data[at]}; a fit needs finite numbers`);
    throw new UserError(
      `${name}: values up to ${Math.max(-minimum, maximum)} are too large to sum in double precision`,
    );
  }
  const mean = sum / n;
  let m2 = 0;
  let m3 = 0;
  let m4 = 0;
  // Scaling by the range keeps fourth powers of huge and of subnormal values inside the double range.
  const unit = Math.max(maximum - mean, mean - minimum);
  const inverse = unit > 0 ? 1 / unit : 0;
  for (let i = 0; i < n; i++) {
    const d = (data[i]! - mean) * inverse;
    const square = d * d;
    m2 += square;
    m3 += square * d;
    m4 += square * square;
  }
  const variance = m2 / n;
  return {
    n,
    mean,
    standardDeviation: Math.sqrt(variance) * unit,
    skewness: variance > 0 ? m3 / n / variance ** 1.5 : 0,
    excessKurtosis: variance > 0 ? m4 / n / (variance * variance) - 3 : 0,
    minimum,
    maximum,
    zeros,
  };
}
