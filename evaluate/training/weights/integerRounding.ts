import { getElement } from "../../../formats/index.ts";
import { type Kernel, kernelOf } from "../../../formats/kernel.ts";

/** Integers of −7 … 7 and fewer are within what the SIMD program takes. */
const REACH_MAX = 7;

/** Codes of integers that a zero point shifts. */
export interface Integers {
  readonly tie: "away" | "even";
  readonly low: number;
  readonly high: number;
}

/** The integers of both signs that any zero point lets codes reach, for the SIMD program; null where they are more than it takes. */
export function integerKernel({ tie, low, high }: Integers): Kernel | null {
  if (high - low > REACH_MAX) return null;
  return kernelOf({ element: getElement(`int${1 + Math.ceil(Math.log2(high - low + 1))}`), tie });
}

/** Keeps rounded numbers within the codes that the group's zero point leaves. */
export function clampIntegers(
  { low, high }: Integers,
  bounds: Uint32Array,
  scales: Float32Array,
  zeroPoints: Float64Array,
  out: Float32Array,
): void {
  for (let g = 0; g < scales.length; g++) {
    const lowest = Math.fround((low - zeroPoints[g]!) * scales[g]!) + 0;
    const highest = Math.fround((high - zeroPoints[g]!) * scales[g]!) + 0;
    for (let i = bounds[g]!; i < bounds[g + 1]!; i++) {
      if (out[i]! < lowest) out[i] = lowest;
      else if (out[i]! > highest) out[i] = highest;
    }
  }
}

/** (clamp(round(x/s) + z) − z)·s of each group, as `scaledCoder` has it, without a branch a number. */
export function roundIntegers(
  { tie, low, high }: Integers,
  bounds: Uint32Array,
  scales: Float32Array,
  zeroPoints: Float64Array,
  latent: Float32Array,
  out: Float32Array,
): void {
  const away = tie === "away";
  const table = new Float32Array(high - low + 1);
  for (let g = 0; g < scales.length; g++) {
    const [from, to, s, z] = [bounds[g]!, bounds[g + 1]!, scales[g]!, zeroPoints[g]!];
    if (s === 0) {
      out.fill(0, from, to);
      continue;
    }
    for (let k = 0; k < table.length; k++) table[k] = (low + k - z) * s + 0;
    for (let i = from; i < to; i++) {
      const quotient = Math.fround(latent[i]! / s);
      let near = Math.floor(quotient + 0.5);
      if (near - quotient === 0.5 && (away ? quotient < 0 : near % 2 !== 0)) near--;
      out[i] = table[clamped((near | 0) + z - low, high - low)]!;
    }
  }
}

/** Within 0 and `high`, of 32-bit integers. */
function clamped(x: number, high: number): number {
  const above = x & ~(x >> 31);
  const beyond = (high - above) >> 31;
  return (above & ~beyond) | (high & beyond);
}
