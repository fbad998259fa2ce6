import type { Moments, Samples } from "./moments.ts";

/** Sums of powers of the distance from the mean: mergeable without loss (Pébay 2008, SAND2008-6212). */
export interface CentralMoments {
  n: number;
  mean: number;
  m2: number;
  m3: number;
  m4: number;
}

export const NO_MOMENTS: CentralMoments = { n: 0, mean: 0, m2: 0, m3: 0, m4: 0 };

/** Of (x − center) / unit over the elements of `data` that are not exactly zero. */
export function centralMoments(data: Samples, center: number, unit: number): CentralMoments {
  const inverse = 1 / unit;
  let n = 0;
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    if (x === 0) continue;
    n++;
    sum += (x - center) * inverse;
  }
  const mean = n > 0 ? sum / n : 0;
  const moments = { n, mean, m2: 0, m3: 0, m4: 0 };
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    if (x === 0) continue;
    const d = (x - center) * inverse - mean;
    const square = d * d;
    moments.m2 += square;
    moments.m3 += square * d;
    moments.m4 += square * square;
  }
  return moments;
}

export function combined(a: CentralMoments, b: CentralMoments): CentralMoments {
  if (a.n === 0) return b;
  if (b.n === 0) return a;
  const n = a.n + b.n;
  const d = b.mean - a.mean;
  const product = (a.n * b.n) / n;
  return {
    n,
    mean: a.mean + (d * b.n) / n,
    m2: a.m2 + b.m2 + d * d * product,
    m3: a.m3 + b.m3 + (d ** 3 * product * (a.n - b.n)) / n + (3 * d * (a.n * b.m2 - b.n * a.m2)) / n,
    m4:
      a.m4 +
      b.m4 +
      (d ** 4 * product * (a.n * a.n - a.n * b.n + b.n * b.n)) / (n * n) +
      (6 * d * d * (a.n * a.n * b.m2 + b.n * b.n * a.m2)) / (n * n) +
      (4 * d * (a.n * b.m3 - b.n * a.m3)) / n,
  };
}

/** The same data with every element multiplied by `factor` and then moved by `shift`. */
export function rescaled({ n, mean, m2, m3, m4 }: CentralMoments, factor: number, shift: number): CentralMoments {
  return { n, mean: mean * factor + shift, m2: m2 * factor ** 2, m3: m3 * factor ** 3, m4: m4 * factor ** 4 };
}

export function momentsFrom(
  { n, mean, m2, m3, m4 }: CentralMoments,
  rest: Pick<Moments, "minimum" | "maximum" | "zeros">,
): Moments {
  const variance = m2 / n;
  return {
    n,
    mean,
    standardDeviation: Math.sqrt(variance),
    skewness: variance > 0 ? m3 / n / variance ** 1.5 : 0,
    excessKurtosis: variance > 0 ? m4 / n / (variance * variance) - 3 : 0,
    ...rest,
  };
}
