import type { Element, TieRule } from "./element.ts";
import { floatOfKey, keyOf } from "./floatKeys.ts";

/** An element prepared for rounding: float32 levels, and the exact places where the nearest level changes. */
export interface Book {
  /** Distinct values as float32, ascending. A level's index is its rank. */
  readonly levels: Float32Array;
  /** cuts[r]: key (see floatKeys) of the smallest float32 that rounds to rank r + 1. Ties are folded in. */
  readonly cuts: Int32Array;
  /** The canonical code of each rank: the smallest one with that value. */
  readonly codeOfRank: Uint8Array;
  /** Rank of each code, −1 for reserved codes. */
  readonly rankOfCode: Int16Array;
  /** Reach on the negative and the positive side, ≥ 0. */
  readonly low: number;
  readonly high: number;
  /** Distance of the two largest levels. */
  readonly step: number;
}

/** Prepares an element under a tie rule. */
export function makeBook(element: Element, tie: TieRule): Book {
  const levels = Float32Array.from(new Set(element.values.map(Math.fround)));
  const rankOfCode = Int16Array.from(element.codes, (value) =>
    value === null ? -1 : levels.indexOf(Math.fround(value) + 0),
  );
  const codeOfRank = Uint8Array.from(levels, (_, rank) => rankOfCode.indexOf(rank));
  const cuts = Int32Array.from({ length: levels.length - 1 }, (_, rank) =>
    cutKey(levels[rank]!, levels[rank + 1]!, tieGoesUp(rank, levels, codeOfRank, tie)),
  );
  const high = Math.max(0, levels.at(-1)!);
  const step = levels.at(-1)! - levels.at(-2)!;
  return { levels, cuts, codeOfRank, rankOfCode, low: Math.max(0, -levels[0]!), high, step };
}

/** Rank of the level nearest to float32 `y`: binary search over the cuts, the definition that faster kernels must equal. */
export function nearestRank(book: Pick<Book, "cuts">, y: number): number {
  const key = keyOf(y);
  let rank = 0;
  let end = book.cuts.length;
  while (rank < end) {
    const middle = (rank + end) >> 1;
    if (key >= book.cuts[middle]!) rank = middle + 1;
    else end = middle;
  }
  return rank;
}

function tieGoesUp(rank: number, levels: Float32Array, codes: Uint8Array, tie: TieRule): boolean {
  const below = Math.abs(levels[rank]!);
  const above = Math.abs(levels[rank + 1]!);
  if (tie === "down") return false;
  if (tie === "up") return true;
  if (tie === "away") return above >= below;
  if (tie === "even") {
    const evenBelow = codes[rank]! % 2 === 0;
    const evenAbove = codes[rank + 1]! % 2 === 0;
    if (evenBelow !== evenAbove) return evenAbove;
  }
  return above <= below;
}

/** Key of the smallest float32 above the midpoint of two levels, or at it if ties go up. The float64 midpoint is exact. */
export function cutKey(below: number, above: number, tieUp: boolean): number {
  const middle = (below + above) / 2;
  if (middle === 0) return tieUp ? -1 : 1; // −0 and +0 are one value: both on the same side
  const key = keyOf(middle);
  const rounded = floatOfKey(key);
  return rounded < middle || (rounded === middle && !tieUp) ? key + 1 : key;
}
