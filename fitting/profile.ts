import type { Histogram } from "./histogram.ts";
import type { Theta } from "./likelihood.ts";
import { maximize } from "./maximize.ts";

/** The ν whose profile log-likelihood is 1.645²/2 nats (of the whole data) below the maximum: bisection in log ν. */
export function profileLower(points: Histogram, best: Theta, top: number): number {
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
