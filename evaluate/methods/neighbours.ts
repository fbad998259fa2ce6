import { nearestRank } from "../../formats/book.ts";
import type { Kernel } from "../../formats/kernel.ts";
import type { Rounder } from "./part.ts";

/** A step beyond this many doublings of a weight's error finds no other level: the weight lies beyond the grid's end. */
const DOUBLINGS_MAX = 64;

/**
 * The two levels about each of the weights from … to − 1 of a group: the nearest, and the next on the weight's side of it,
 * which is the nearest again for a weight that is on a level or beyond the grid's end.
 */
export function neighbours(
  round: Rounder,
  weights: Float32Array,
  from: number,
  to: number,
  nearest: Float32Array,
  other: Float32Array,
): void {
  const { scaled } = round;
  if (scaled && scaled.scale !== 0) {
    for (let start = from; start < to; start += RUN)
      inLevels(scaled.kernel, scaled.scale, weights, start, Math.min(to, start + RUN), nearest, other);
    return;
  }
  for (let i = from; i < to; i++) nearest[i] = round(weights[i]!);
  for (let i = from; i < to; i++) other[i] = beyond(round, weights[i]!, nearest[i]!);
}

/** Numbers handled at once. */
const RUN = 1024;
const quotients = new Float32Array(RUN);
const quotientBits = new Int32Array(quotients.buffer);

/** At most `RUN` weights by the levels of one codebook, found as `roundRun` finds them. */
function inLevels(
  { book, table }: Kernel,
  scale: number,
  weights: Float32Array,
  from: number,
  to: number,
  nearest: Float32Array,
  other: Float32Array,
): void {
  const { levels } = book;
  const count = to - from;
  for (let i = 0; i < count; i++) quotients[i] = weights[from + i]! / scale;
  for (let i = 0; i < count; i++) {
    let rank: number;
    if (table) {
      const bits = quotientBits[i]!;
      const key = bits ^ ((bits >> 31) >>> 1); // keyOf, in line
      const cell = (key >> table.shift) + table.offset;
      rank = table.base[cell]! + ((table.last[cell]! - key) >>> 31);
    } else rank = nearestRank(book, quotients[i]!);
    const level = levels[rank]!;
    const next = quotients[i]! > level ? rank + 1 : quotients[i]! < level ? rank - 1 : rank;
    nearest[from + i] = level * scale + 0;
    other[from + i] = (next < 0 || next === levels.length ? level : levels[next]!) * scale + 0;
  }
}

/**
 * The next level on the weight's side of its nearest one. Steps double from the weight's own error, so that the first to
 * leave the nearest level ends short of the next: no level is skipped. The nearest itself where there is none.
 */
function beyond(round: Rounder, weight: number, nearest: number): number {
  let step = weight - nearest;
  if (step === 0) return nearest;
  for (let i = 0; i < DOUBLINGS_MAX; i++) {
    const level = round(weight + step);
    if (Math.fround(level) !== nearest) return level;
    step *= 2;
  }
  return nearest;
}
