/**
 * @file Hadamard matrices H (entries ±1, H Hᵀ = n I) for the sizes of language models: a Paley matrix of a small order
 * times Sylvester's of a power of two, by the Kronecker product. Applying one costs n (log₂ of the power + order) a row.
 */
import { paley } from "./paley.ts";
import { sylvesterPairs } from "./sylvesterPairs.ts";

/** H = B ⊗ S of order `size`: B of `order` entries a side (±1, row-major), S Sylvester's matrix of size / order. */
export interface Hadamard {
  readonly size: number;
  readonly order: number;
  readonly base: Int8Array;
}

/** Paley matrices beyond this order would take longer than the powers of two save; the models in use need up to 924. */
const ORDER_MAX = 1024;

const found = new Map<number, Hadamard | null>();

/** A Hadamard matrix of that size with the smallest Paley factor; null where these constructions have none. */
export function hadamard(size: number): Hadamard | null {
  if (!found.has(size)) found.set(size, construct(size));
  return found.get(size)!;
}

function construct(size: number): Hadamard | null {
  if (!Number.isInteger(size) || size < 1) return null;
  let odd = size;
  while (odd % 2 === 0) odd /= 2;
  if (odd === 1) return { size, order: 1, base: Int8Array.of(1) };
  for (let order = odd * 4; order <= Math.min(size, ORDER_MAX) && size % order === 0; order *= 2) {
    const base = paley(order);
    if (base) return { size, order, base };
  }
  return null;
}

/** The largest divisor of n for which there is a Hadamard matrix: blocks of it tile n channels. */
export function largestBlock(n: number): number {
  for (let count = 1; ; count++) if (n % count === 0 && hadamard(n / count)) return n / count;
}

/**
 * Multiplies every run of `size` numbers in x, as a row vector, by the orthogonal H / √size (`transposed`: by its
 * transpose, the inverse). In place, sums in float64; x.length is a multiple of the size.
 */
export function applyHadamard(
  { size, order, base }: Hadamard,
  x: Float32Array | Float64Array,
  transposed = false,
): void {
  const power = size / order;
  const norm = 1 / Math.sqrt(size);
  const mixing = order > 1 ? mixer(base, order, transposed) : null;
  const done = x instanceof Float32Array ? sylvesterPairs(x, size, power, norm, mixing) : 0;
  const run = new Float64Array(done < x.length ? size : 0);
  for (let from = done; from < x.length; from += size) {
    for (let i = 0; i < size; i++) run[i] = x[from + i]!;
    sylvester(run, power);
    mixing?.(run);
    for (let i = 0; i < size; i++) x[from + i] = run[i]! * norm;
  }
}

/** Multiplies a run by B: its numbers that are as many as the power apart; pairs of runs as one twice as long. */
function mixer(base: Int8Array, order: number, transposed: boolean) {
  const mixed = new Float64Array(order);
  return (run: Float64Array) => {
    const apart = run.length / order;
    for (let s = 0; s < apart; s++) {
      for (let j = 0; j < order; j++) {
        let sum = 0;
        for (let i = 0; i < order; i++) sum += run[i * apart + s]! * base[transposed ? j * order + i : i * order + j]!;
        mixed[j] = sum;
      }
      for (let j = 0; j < order; j++) run[j * apart + s] = mixed[j]!;
    }
  };
}

/** Each run of `power` numbers times Sylvester's matrix: the fast Walsh–Hadamard transform, two of its stages at a time. */
function sylvester(run: Float64Array, power: number): void {
  let half = 1;
  for (; 2 * half < power; half *= 4) {
    for (let from = 0; from < run.length; from += 4 * half) {
      for (let i = from; i < from + half; i++) {
        const a = run[i]! + run[i + half]!;
        const b = run[i]! - run[i + half]!;
        const c = run[i + 2 * half]! + run[i + 3 * half]!;
        const d = run[i + 2 * half]! - run[i + 3 * half]!;
        run[i] = a + c;
        run[i + half] = b + d;
        run[i + 2 * half] = a - c;
        run[i + 3 * half] = b - d;
      }
    }
  }
  if (half === power) return;
  for (let from = 0; from < run.length; from += 2 * half) {
    for (let i = from; i < from + half; i++) {
      const a = run[i]!;
      const b = run[i + half]!;
      run[i] = a + b;
      run[i + half] = a - b;
    }
  }
}
