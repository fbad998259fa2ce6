import type { Coder } from "./coder.ts";
import { type GroupFit, plainFit } from "./groupFit.ts";
import type { Kernel } from "./kernel.ts";

/** The code that no int4 of a pair uses: it marks the victim, whose neighbour is an outlier. */
const VICTIM = 0b1000;
/** Normal values: int4 −7 … 7 times 4. Outliers: E2M1 with base exponent 5, ±48 … ±384, in the code order of E2M1. */
const NORMAL_STEP = 4;
export const outlierMagnitudes = [48, 64, 96, 128, 192, 256, 384];
/** Beyond the middle of 28 and 48 a value is nearer to an outlier; ties go up, as in the reference kernel. */
const OUTLIER_FROM = 38;

/**
 * OliVe's search (clevercool/ANT-Quantization, olive_quantization, 28 = the normal end): the scale α/28 of least squared
 * error, α = 0.75, 0.77 … 1.49 times the larger |mean ± 3σ| (σ with n − 1).
 */
export function fitOlive(
  kernels: readonly Kernel[],
  values: Float32Array,
  from: number,
  to: number,
  store: (exact: number) => number,
  scratch: Float32Array,
): GroupFit {
  const count = to - from;
  let [sum, squares] = [0, 0];
  for (let i = from; i < to; i++) sum += values[i]!;
  const mean = sum / count;
  for (let i = from; i < to; i++) squares += (values[i]! - mean) ** 2;
  const reach = Math.abs(mean) + 3 * Math.sqrt(squares / Math.max(1, count - 1));
  let best = plainFit(0, store((reach * 0.75) / 28));
  let least = Number.POSITIVE_INFINITY;
  for (let percent = 75; percent < 150; percent += 2) {
    const fit = plainFit(0, store((reach * percent) / 2800));
    const error = oliveCoder.round(kernels, fit, "up", values, scratch, from, to);
    if (error < least) [best, least] = [fit, error];
  }
  return best;
}

/**
 * Two numbers share two codes. An outlier takes its neighbour's room: the neighbour becomes 0 and its code the mark. Of
 * two outliers the first is kept. A last number without a neighbour saturates.
 */
export const oliveCoder: Coder = {
  round(_kernels, fit, _tie, values, out, from, to) {
    const divisor = fit.scale || 1;
    let error = 0;
    for (let i = from; i < to; i += 2) {
      const [x, y] = [values[i]!, values[i + 1]!];
      settle(Math.fround(x / divisor), i + 1 < to ? Math.fround(y / divisor) : null);
      out[i] = first * fit.scale + 0;
      error += (out[i]! - x) ** 2;
      if (i + 1 === to) break;
      out[i + 1] = second * fit.scale + 0;
      error += (out[i + 1]! - y) ** 2;
    }
    return error;
  },

  encode(_kernels, fit, _tie, values, codes, from, to) {
    const divisor = fit.scale || 1;
    for (let i = from; i < to; i += 2) {
      settle(Math.fround(values[i]! / divisor), i + 1 < to ? Math.fround(values[i + 1]! / divisor) : null);
      codes[i] = isOutlierLevel(second) ? VICTIM : codeOf(first);
      if (i + 1 < to) codes[i + 1] = isOutlierLevel(first) ? VICTIM : codeOf(second);
    }
  },

  decode(_kernels, fit, codes, out, from, to) {
    for (let i = from; i < to; i += 2) {
      const [left, right] = [codes[i]!, i + 1 < to ? codes[i + 1]! : 0];
      if (left > 15 || (left === VICTIM && (right === VICTIM || i + 1 === to))) return i;
      if (right > 15) return i + 1;
      const marked = left === VICTIM || right === VICTIM;
      for (let j = i; j < Math.min(i + 2, to); j++) {
        const code = codes[j]!;
        const magnitude = outlierMagnitudes[(code & 7) - 1];
        if (marked && code !== VICTIM && magnitude === undefined) return j;
        const normal = (code >= 8 ? code - 16 : code) * NORMAL_STEP;
        const outlier = code === VICTIM ? 0 : code >= 8 ? -magnitude! : magnitude!;
        out[j] = (marked ? outlier : normal) * fit.scale + 0;
      }
    }
    return -1;
  },
};

/** Levels of the pair last settled. */
let first = 0;
let second = 0;

/** Rounds a pair of scaled numbers; `y` is null for a last number alone. */
function settle(x: number, y: number | null): void {
  first = y !== null && isOutlier(x) ? outlierLevel(x) : normalLevel(x);
  second = 0;
  if (y === null || isOutlierLevel(first)) return;
  second = isOutlier(y) ? outlierLevel(y) : normalLevel(y);
  if (isOutlierLevel(second)) first = 0;
}

function normalLevel(scaled: number): number {
  return Math.min(Math.max(Math.floor(scaled / NORMAL_STEP + 0.5), -7), 7) * NORMAL_STEP;
}

function isOutlier(scaled: number): boolean {
  return scaled >= OUTLIER_FROM || scaled < -OUTLIER_FROM;
}

function isOutlierLevel(level: number): boolean {
  return Math.abs(level) > 7 * NORMAL_STEP;
}

/** Nearest outlier, ties up. */
function outlierLevel(scaled: number): number {
  const magnitude = Math.abs(scaled);
  const up = scaled > 0;
  const index = outlierMagnitudes.findIndex((value, i) => {
    const middle = (value + (outlierMagnitudes[i + 1] ?? Number.POSITIVE_INFINITY)) / 2;
    return up ? magnitude < middle : magnitude <= middle;
  });
  return up ? outlierMagnitudes[index]! : -outlierMagnitudes[index]!;
}

/** Two's complement of a normal level, sign and magnitude of an outlier. */
function codeOf(level: number): number {
  if (!isOutlierLevel(level)) return (level / NORMAL_STEP) & 15;
  return outlierMagnitudes.indexOf(Math.abs(level)) + 1 + (level < 0 ? 8 : 0);
}
