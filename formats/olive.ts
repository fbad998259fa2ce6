import { nearestRank } from "./book.ts";
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
  round(kernels, fit, tie, values, out, from, to) {
    const codes = new Uint8Array(to - from);
    this.encode(kernels, fit, tie, values.subarray(from, to), codes, 0, codes.length);
    const rounded = new Float32Array(codes.length);
    this.decode(kernels, fit, codes, rounded, 0, codes.length);
    let error = 0;
    for (let i = from; i < to; i++) {
      error += (rounded[i - from]! - values[i]!) ** 2;
      out[i] = rounded[i - from]!;
    }
    return error;
  },

  encode(kernels, fit, _tie, values, codes, from, to) {
    const { book } = kernels[0]!;
    const scaled = (i: number) => (fit.scale === 0 ? 0 : Math.fround(values[i]! / fit.scale));
    const normal = (i: number) => book.codeOfRank[nearestRank(book, Math.fround(scaled(i) / NORMAL_STEP))]!;
    for (let i = from; i < to; i += 2) {
      const pair = i + 1 < to;
      const outlier = !pair ? -1 : isOutlier(scaled(i)) ? i : isOutlier(scaled(i + 1)) ? i + 1 : -1;
      codes[i] = normal(i);
      if (pair) codes[i + 1] = normal(i + 1);
      if (outlier >= 0) {
        codes[outlier] = outlierCode(scaled(outlier));
        codes[outlier === i ? i + 1 : i] = VICTIM;
      }
    }
  },

  decode(kernels, fit, codes, out, from, to) {
    const { levels, rankOfCode } = kernels[0]!.book;
    for (let i = from; i < to; i += 2) {
      const [first, second] = [codes[i]!, i + 1 < to ? codes[i + 1]! : 0];
      if (first > 15 || (first === VICTIM && (second === VICTIM || i + 1 === to))) return i;
      if (second > 15) return i + 1;
      const marked = first === VICTIM || second === VICTIM;
      for (let j = i; j < Math.min(i + 2, to); j++) {
        const code = codes[j]!;
        const magnitude = outlierMagnitudes[(code & 7) - 1];
        if (marked && code !== VICTIM && magnitude === undefined) return j;
        const level = !marked
          ? levels[rankOfCode[code]!]! * NORMAL_STEP
          : code === VICTIM
            ? 0
            : code & 8
              ? -magnitude!
              : magnitude!;
        out[j] = level * fit.scale + 0;
      }
    }
    return -1;
  },
};

function isOutlier(scaled: number): boolean {
  return scaled >= OUTLIER_FROM || scaled < -OUTLIER_FROM;
}

/** Nearest outlier, ties up. */
function outlierCode(scaled: number): number {
  const magnitude = Math.abs(scaled);
  const up = scaled > 0;
  const index = outlierMagnitudes.findIndex((value, i) => {
    const middle = (value + (outlierMagnitudes[i + 1] ?? Number.POSITIVE_INFINITY)) / 2;
    return up ? magnitude < middle : magnitude <= middle;
  });
  return (up ? 0 : 8) + index + 1;
}
