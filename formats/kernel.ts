import { type Book, makeBook, nearestRank } from "./book.ts";
import type { Element, TieRule } from "./element.ts";
import { makeTopBits, type TopBits } from "./topBits.ts";

/** What rounding with a format needs, prepared once per element and tie rule. */
export interface Kernel {
  readonly book: Book;
  readonly table: TopBits | null;
  /** Power of two at or below the largest magnitude: the stored scale is that of the codebook divided by it. */
  readonly unit: number;
}

const kernels = new WeakMap<Element, Map<TieRule, Kernel>>();

export function kernelOf({ element, tie }: { element: Element | null; tie: TieRule }): Kernel {
  if (element === null) throw new Error("kernelOf: a format of several codebooks has one kernel for each");
  const byTie = kernels.get(element) ?? new Map<TieRule, Kernel>();
  kernels.set(element, byTie);
  const kernel = byTie.get(tie) ?? makeKernel(element, tie);
  byTie.set(tie, kernel);
  return kernel;
}

function makeKernel(element: Element, tie: TieRule): Kernel {
  const book = makeBook(element, tie);
  const unit = 2 ** Math.floor(Math.log2(Math.max(book.low, book.high)));
  return { book, table: makeTopBits(book), unit };
}

/** Numbers handled at once: two passes over them stay in the first-level cache. */
const RUN = 1024;
const quotients = new Float32Array(RUN);
const quotientBits = new Int32Array(quotients.buffer);

/**
 * Rounds values[from … to) to level × scale, writes them to `out`, and returns the sum of squared errors. The quotient
 * value/scale is rounded to float32, then to the nearest level under the tie rule; the product is rounded to float32.
 * This is the arithmetic of llm-datatypes on float32 tensors. `out` may be `values`. Scale 0 writes zeros.
 */
export function roundRun(
  kernel: Kernel,
  values: Float32Array,
  out: Float32Array,
  from: number,
  to: number,
  scale: number,
): number {
  let error = 0;
  if (scale === 0) {
    for (let i = from; i < to; i++) error += values[i]! * values[i]!;
    out.fill(0, from, to);
    return error;
  }
  const { levels } = kernel.book;
  for (let start = from; start < to; start += RUN) {
    const count = Math.min(RUN, to - start);
    for (let i = 0; i < count; i++) quotients[i] = values[start + i]! / scale;
    if (kernel.table === null) {
      for (let i = 0; i < count; i++) {
        const rounded = Math.fround(levels[nearestRank(kernel.book, quotients[i]!)]! * scale) + 0;
        const difference = rounded - values[start + i]!;
        out[start + i] = rounded;
        error += difference * difference;
      }
      continue;
    }
    const { shift, offset, base, last } = kernel.table;
    for (let i = 0; i < count; i++) {
      const bits = quotientBits[i]!;
      const key = bits ^ ((bits >> 31) >>> 1); // keyOf, in line
      const cell = (key >> shift) + offset;
      const rounded = Math.fround(levels[base[cell]! + ((last[cell]! - key) >>> 31)]! * scale) + 0;
      const difference = rounded - values[start + i]!;
      out[start + i] = rounded;
      error += difference * difference;
    }
  }
  return error;
}

/** Rank of the level nearest to value/scale (scale ≠ 0). */
export function rankOf({ book }: Kernel, value: number, scale: number): number {
  return nearestRank(book, Math.fround(value / scale));
}
