import type { Moments } from "../calibration/index.ts";
import { reverseCholesky } from "./cholesky.ts";
import type { Products } from "./products.ts";

/** Each failure to factorize adds as much again, tenfold: the damping of GPTQ, then 10 % and 100 % of the mean diagonal. */
const DAMP_STEPS = [1, 10, 100];

export interface Factor {
  /** Upper triangular R, row-major, with R Rᵀ = gram + damp · mean(diagonal) · I, in the order of `order`. */
  readonly upper: Float64Array;
  /** What was added to the diagonal, as a fraction of its mean. */
  readonly damp: number;
}

/**
 * Factorizes the damped second moments of a layer's inputs with their channels in the given order. A channel that is zero
 * on the whole calibration text gets a diagonal of 1: its weights are rounded to nearest, touching no other. (GPTQ's own
 * code sets those weights to zero, which a text with that channel pays for.)
 * Null when even the largest damping leaves the matrix not positive definite, as after an overflow.
 */
export async function factorize(
  { gram, columns: n }: Moments,
  order: ArrayLike<number>,
  damp: number,
  products: Products,
): Promise<Factor | null> {
  const permuted = new Float64Array(n * n);
  let trace = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) permuted[i * n + j] = gram[order[i]! * n + order[j]!]!;
    if (permuted[i * n + i] === 0) permuted[i * n + i] = 1;
    trace += permuted[i * n + i]!;
  }
  let added = 0;
  for (const step of DAMP_STEPS) {
    const wanted = damp * step;
    for (let i = 0; i < n; i++) permuted[i * n + i]! += ((wanted - added) * trace) / n;
    added = wanted;
    const upper = await reverseCholesky(permuted, n, products);
    if (upper) return { upper, damp: wanted };
  }
  return null;
}
