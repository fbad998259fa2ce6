import { quantizerOf } from "../../formats/index.ts";
import { groupsOf } from "./grid.ts";
import type { Layer, Rounded, RoundingPart } from "./part.ts";

/** The constants of HQQ's code. */
const NORM = 0.7;
const BETA = 10;
const KAPPA = 1.01;
const ITERATIONS = 20;

/** Bits in which a group's offset is stored. */
const OFFSET_BITS = 16;

/** One group: ŵ = s·near((w − offset)/s) + offset. */
interface Shifted {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  offset: number;
}

/**
 * HQQ (Badri & Shaji 2023) for any codebook: the scale takes the group's whole range, s = (max − min)/(c_K − c_1); the
 * offset alternates with a sparse error e, the shrinkage of w − ŵ under the ℓ0.7 norm, until the matrix's mean |w − ŵ|
 * no longer falls. Returns the groups and the number of iterations.
 */
export function hqqGroups(
  weights: Float32Array,
  spans: Iterable<{ from: number; to: number }>,
  levels: Float32Array,
  near: (x: number) => number,
): { groups: Shifted[]; iterations: number } {
  const groups = Array.from(spans, ({ from, to }) => initial(weights, from, to, levels));
  let [beta, best, iterations] = [BETA, Number.POSITIVE_INFINITY, 0];
  while (iterations < ITERATIONS) {
    iterations++;
    let total = 0;
    for (const group of groups) total += improve(weights, group, near, beta);
    beta *= KAPPA;
    if (!(total < best)) break;
    best = total;
  }
  return { groups, iterations };
}

function initial(weights: Float32Array, from: number, to: number, levels: Float32Array): Shifted {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = from; i < to; i++) [min, max] = [Math.min(min, weights[i]!), Math.max(max, weights[i]!)];
  // Groups of nearly one value: HQQ's code divides by one instead of by their range, and bounds 1/s.
  const reach = levels.at(-1)! - levels[0]!;
  const scale = max - min <= 1e-4 ? 1 : Math.max((max - min) / reach, 5e-5);
  const exact = min / scale - levels[0]!;
  // The first zero point is rounded, so that an integer grid contains zero; the updates are free.
  const whole = Math.abs(exact % 1) === 0.5 ? 2 * Math.round(exact / 2) : Math.round(exact);
  return { from, to, scale, offset: whole * scale };
}

/** One update of a group's offset; returns Σ |w − ŵ| before it. */
function improve(weights: Float32Array, group: Shifted, near: (x: number) => number, beta: number): number {
  const { from, to, scale, offset } = group;
  let [sum, total] = [0, 0];
  for (let i = from; i < to; i++) {
    const level = near((weights[i]! - offset) / scale) * scale;
    const difference = weights[i]! - level - offset;
    const size = Math.abs(difference);
    const sparse = size > 0 ? Math.sign(difference) * Math.max(size - size ** (NORM - 1) / beta, 0) : 0;
    sum += weights[i]! - sparse - level;
    total += size;
  }
  group.offset = sum / (to - from);
  return total;
}

function round(layer: Layer): Rounded {
  const { format, weights } = layer;
  const quantizer = quantizerOf(format);
  const spans = [...groupsOf(layer)];
  // A group of zeros stays as it is; NaN and infinity are refused.
  const live = spans.filter(({ from, to }) => quantizer.fitScale(weights.subarray(from, to)) !== 0);
  const near = (x: number) => quantizer.round(x, 1);
  const out = new Float32Array(weights.length);
  for (const { from, to, scale, offset } of hqqGroups(weights, live, quantizer.levels, near).groups) {
    for (let i = from; i < to; i++) out[i] = near((weights[i]! - offset) / scale) * scale + offset;
  }
  return { weights: out, extraBits: spans.length * OFFSET_BITS };
}

/** Half-quadratic quantization: robust offsets, no data. */
export const hqq: RoundingPart = {
  slot: "rounding",
  id: "hqq",
  summary: "shift each group by the offset that leaves the sparsest error; needs no data",
  calibration: "none",
  options: {},
  ownGrid: true,
  act: () => round,
};
