import type { Histogram } from "./histogram.ts";
import { type Likelihood, likelihood, solve3, type Theta } from "./likelihood.ts";

/** Below ν = 0.5 a few repeated values can make the likelihood of a t grow without bound. */
export const NU_MIN = 0.5;
/** A t with ν = 1000 differs from the normal by at most 1.2e-4 in distribution: the search stops there. */
export const NU_SEARCH_MAX = 1000;

export interface Maximum {
  theta: Theta;
  likelihood: Likelihood;
  /** False if ν ended on a bound of the search. */
  interior: boolean;
}

/**
 * Levenberg–Marquardt ascent on (location, log scale, log ν), deterministic; `fixedNu` holds ν.
 * Stops when a step would gain under 1e-15 nats per element.
 */
export function maximize(data: Histogram, start: Theta, fixedNu = false): Maximum {
  const low = Math.log(NU_MIN);
  const high = Math.log(NU_SEARCH_MAX);
  let theta = start;
  let here = likelihood(data, theta);
  let damping = 1e-3;
  for (let step = 0; step < 200; step++) {
    const [, , logNu] = theta;
    const outward = (logNu <= low && here.gradient[2] < 0) || (logNu >= high && here.gradient[2] > 0);
    const hold = fixedNu || outward;
    const g = [here.gradient[0], here.gradient[1], hold ? 0 : here.gradient[2]];
    const h = here.hessian;
    // A floor on the curvature: far from the optimum the exact Hessian can be indefinite.
    const d = [h[0], h[3], hold ? 1 : h[5]].map((x) => Math.max(Math.abs(x), 1e-9));
    const system = [
      -h[0] + damping * d[0]!,
      -h[1],
      hold ? 0 : -h[2],
      -h[3] + damping * d[1]!,
      hold ? 0 : -h[4],
      hold ? 1 : -h[5] + damping * d[2]!,
    ];
    const move = solve3(system, g);
    if (!move) {
      damping = Math.max(1e-3, damping * 10);
      if (damping > 1e12) break;
      continue;
    }
    const gain = 0.5 * (move[0] * g[0]! + move[1] * g[1]! + move[2] * g[2]!);
    const limited = Math.min(1, 1.5 / Math.max(1e-300, Math.abs(move[1]), Math.abs(move[2])));
    const next: Theta = [
      theta[0] + limited * move[0],
      theta[1] + limited * move[1],
      Math.min(high, Math.max(low, logNu + limited * move[2])),
    ];
    const there = likelihood(data, next);
    // Near the optimum the change drowns in rounding; equality within it is progress.
    if (there.value >= here.value - 1e-15 * Math.abs(here.value)) {
      theta = next;
      here = there;
      damping *= 0.1;
      if (gain < 1e-15 && damping < 1e-6) break;
    } else {
      if (gain < 1e-15) break;
      damping = Math.max(1e-9, damping) * 10;
    }
  }
  return { theta, likelihood: here, interior: theta[2] > low && theta[2] < high };
}

/** Exact log-likelihood of a t per element on the data itself; logs are taken of products of factors ≥ 1. */
export function exactLogLikelihood(
  data: Float32Array | Float64Array,
  skipZeros: boolean,
  location: number,
  scale: number,
  nu: number,
  constant: number,
): number {
  const inverse = 1 / (scale * Math.sqrt(nu));
  let logs = 0;
  let product = 1;
  let n = 0;
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    if (skipZeros && x === 0) continue;
    n++;
    const z = (x - location) * inverse;
    product *= 1 + z * z;
    if (product > 1e150) {
      logs += Math.log(product);
      product = 1;
    }
  }
  logs += Math.log(product);
  return constant - Math.log(scale) - (((nu + 1) / 2) * logs) / n;
}
