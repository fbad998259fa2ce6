import type { Book } from "./book.ts";

/**
 * Nearest level by one look-up and one integer comparison: the top bits of a float32's key choose a cell that holds at
 * most one cut. For key k of x: cell = (k >> shift) + offset; rank = base[cell] + (k > last[cell] ? 1 : 0).
 */
export interface TopBits {
  readonly shift: number;
  readonly offset: number;
  readonly base: Uint8Array;
  readonly last: Int32Array;
}

/** Mantissa bits tried, up to a table of 2^20 cells (5 MB); denser codebooks are searched instead. */
const MANTISSA_BITS_MAX = 11;

/** The smallest table for a book, or null if cuts lie closer than 2^−11 relative. */
export function makeTopBits({ cuts }: Book): TopBits | null {
  for (let mantissa = 1; mantissa <= MANTISSA_BITS_MAX; mantissa++) {
    const shift = 23 - mantissa;
    if (cuts.every((cut, i) => i === 0 || cut >> shift !== cuts[i - 1]! >> shift)) return fill(cuts, shift);
  }
  return null;
}

function fill(cuts: Int32Array, shift: number): TopBits {
  const cells = 2 ** (32 - shift);
  const offset = cells / 2;
  const base = new Uint8Array(cells);
  const last = new Int32Array(cells);
  let rank = 0;
  for (let cell = 0; cell < cells; cell++) {
    base[cell] = rank;
    const end = (cell - offset) * 2 ** shift + (2 ** shift - 1);
    last[cell] = end;
    if (rank < cuts.length && cuts[rank]! <= end) last[cell] = cuts[rank++]! - 1;
  }
  return { shift, offset, base, last };
}
