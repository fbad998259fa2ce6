/** Thresholds compared at a time: as many as stay in registers. */
const AT_ONCE = 8;

/** Room for so many thresholds. */
export const thresholdsFor = (count: number) =>
  new Float64Array(Math.ceil(count / AT_ONCE) * AT_ONCE).fill(Number.POSITIVE_INFINITY);

/**
 * Counts, for each of values[from … to), how many of `middles` (ascending) its quotient by the scale exceeds: the same as dividing and
 * comparing in float64 would, without the divisions and with no branch that goes either way at random. `thresholds` is room.
 */
export function countAbove(
  values: Float32Array,
  from: number,
  to: number,
  scale: number,
  middles: Float64Array,
  thresholds: Float64Array,
  counts: Uint16Array,
): void {
  const size = Math.abs(scale);
  const sign = scale < 0 ? -1 : 1;
  for (let k = 0; k < middles.length; k++) thresholds[k] = threshold(middles[k]!, size);
  for (let k = 0; k < thresholds.length; k += AT_ONCE) {
    const a = thresholds[k]!;
    const b = thresholds[k + 1]!;
    const c = thresholds[k + 2]!;
    const d = thresholds[k + 3]!;
    const e = thresholds[k + 4]!;
    const f = thresholds[k + 5]!;
    const g = thresholds[k + 6]!;
    const h = thresholds[k + 7]!;
    const earlier = k === 0 ? 0 : 0xffff;
    for (let i = from; i < to; i++) {
      const x = values[i]! * sign;
      const low = Number(x > a) + Number(x > b) + Number(x > c) + Number(x > d);
      const high = Number(x > e) + Number(x > f) + Number(x > g) + Number(x > h);
      counts[i] = (counts[i]! & earlier) + low + high;
    }
  }
}

/** Float32 numbers above it are those whose quotient by `size` is above `middle`; quotients by zero are zero. */
function threshold(middle: number, size: number): number {
  if (size === 0) return middle < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  // Of float32 numbers, this alone is so close to the middle that only the division itself can tell.
  const near = Math.fround(middle * size);
  return near / size > middle ? near - Math.abs(near) * 2 ** -26 - Number.MIN_VALUE : near;
}
