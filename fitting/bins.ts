import { DROPPED_BITS, type Histogram, histogramOf } from "./histogram.ts";
import type { Samples } from "./moments.ts";

/** A page holds the bins of one octave on one side of the centre: data use some fifty of the 512. */
const PAGE_BITS = 23 - DROPPED_BITS;
const PAGE = 2 ** PAGE_BITS;
export const KEYS = 2 ** (32 - DROPPED_BITS);

/** Counts by key (see histogram.ts), only where there are any; plain data that a worker can post. */
export interface Bins {
  center: number;
  unit: number;
  pages: Map<number, Float64Array>;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

function keyOf(z: number): number {
  float[0] = z;
  const b = bits[0]!;
  return b & 0x80000000 ? ~b >>> DROPPED_BITS : (b | 0x80000000) >>> DROPPED_BITS;
}

/** Adds `count` at position z. */
export function addAt({ pages }: Bins, z: number, count: number): void {
  const key = keyOf(z);
  const page = pageOf(pages, key >>> PAGE_BITS);
  page[key % PAGE] = page[key % PAGE]! + count;
}

/** Counts the elements of `data` that are not exactly zero. */
export function addAll(bins: Bins, data: Samples): void {
  const { center, pages } = bins;
  const inverse = 1 / bins.unit;
  const block = new Float32Array(Math.min(4096, data.length));
  const blockBits = new Uint32Array(block.buffer);
  for (let start = 0; start < data.length; start += block.length) {
    const end = Math.min(data.length, start + block.length);
    let kept = 0;
    for (let i = start; i < end; i++) {
      const x = data[i]!;
      if (x !== 0) block[kept++] = (x - center) * inverse;
    }
    for (let k = 0; k < kept; k++) {
      const b = blockBits[k]!;
      const key = b & 0x80000000 ? ~b >>> DROPPED_BITS : (b | 0x80000000) >>> DROPPED_BITS;
      const page = pageOf(pages, key >>> PAGE_BITS);
      const at = key & (PAGE - 1);
      page[at] = page[at]! + 1;
    }
  }
}

/** Adds the counts of `other`; where its centre or unit differs, each bin goes where its middle falls. */
export function mergeBins(bins: Bins, other: Bins): void {
  if (other.center === bins.center && other.unit === bins.unit) {
    for (const [index, counts] of other.pages) {
      const page = pageOf(bins.pages, index);
      for (let i = 0; i < PAGE; i++) page[i] = page[i]! + counts[i]!;
    }
    return;
  }
  const { position, count } = pointsOf(other, 0, 0);
  const factor = other.unit / bins.unit;
  const shift = (other.center - bins.center) / bins.unit;
  for (let i = 0; i < count.length; i++) addAt(bins, position[i]! * factor + shift, count[i]!);
}

/** The histogram of what was counted, with `zeros` elements at zero added; `n` counts them too. */
export function pointsOf(bins: Bins, n: number, zeros: number): Histogram {
  const { center, unit, pages } = bins;
  const counts = new Float64Array(KEYS);
  for (const [index, page] of pages) counts.set(page, index * PAGE);
  if (zeros > 0) {
    const key = keyOf(-center / unit);
    counts[key] = counts[key]! + zeros;
  }
  return histogramOf(counts, n, center, unit);
}

function pageOf(pages: Map<number, Float64Array>, index: number): Float64Array {
  const known = pages.get(index);
  if (known !== undefined) return known;
  const page = new Float64Array(PAGE);
  pages.set(index, page);
  return page;
}
