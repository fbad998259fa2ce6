import { nearestRank } from "../../formats/book.ts";
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
  for (let i = from; i < to; i++) nearest[i] = round(weights[i]!);
  const { scaled } = round;
  if (!scaled || scaled.scale === 0) {
    for (let i = from; i < to; i++) other[i] = beyond(round, weights[i]!, nearest[i]!);
    return;
  }
  const { book } = scaled.kernel;
  for (let i = from; i < to; i++) {
    const quotient = Math.fround(weights[i]! / scaled.scale);
    const rank = nearestRank(book, quotient);
    const next = book.levels[rank + Math.sign(quotient - book.levels[rank]!)];
    other[i] = next === undefined ? nearest[i]! : next * scaled.scale + 0;
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
