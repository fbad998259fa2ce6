import type { BlockLaw } from "./blockLaw.ts";

/** Sums over one cell of a codebook, in units of the scale: weight, weight × y and weight × y² of what rounds to its level. */
export interface CellSums {
  weight: Float64Array;
  first: Float64Array;
  second: Float64Array;
}

/** Sums over the cells between ascending `cuts` (cells = cuts + 1) under a block law, point masses included. */
export function cellSums({ law, nodes, atoms }: BlockLaw, cuts: ArrayLike<number>): CellSums {
  const cells = cuts.length + 1;
  const sums = {
    weight: new Float64Array(cells),
    first: new Float64Array(cells),
    second: new Float64Array(cells),
  };
  const left = new Float64Array(3);
  const right = new Float64Array(3);
  for (const { scale, low, high, weight } of nodes) {
    const from = -low * scale;
    const to = high * scale;
    signedMoments(law, from, left);
    for (let k = 0; k < cells; k++) {
      const cut = k < cuts.length ? Math.min(to, Math.max(from, cuts[k]! * scale)) : to;
      signedMoments(law, cut, right);
      sums.weight[k] = sums.weight[k]! + weight * scale * scale * (right[0]! - left[0]!);
      sums.first[k] = sums.first[k]! + weight * scale * (right[1]! - left[1]!);
      sums.second[k] = sums.second[k]! + weight * (right[2]! - left[2]!);
      left.set(right);
    }
  }
  for (const { at, weight } of atoms) {
    let k = 0;
    while (k < cuts.length && at > cuts[k]!) k++;
    sums.weight[k] = sums.weight[k]! + weight;
    sums.first[k] = sums.first[k]! + weight * at;
    sums.second[k] = sums.second[k]! + weight * at * at;
  }
  return sums;
}

/** Expected squared error of a block rounded to the nearest of ascending `levels`, in the law's squared units. */
export function expectedSquaredError(block: BlockLaw, levels: ArrayLike<number>): number {
  const { weight, first, second } = cellSums(block, midpoints(levels));
  let error = 0;
  for (let k = 0; k < levels.length; k++) {
    const level = levels[k]!;
    error += second[k]! - 2 * level * first[k]! + level * level * weight[k]!;
  }
  return error;
}

export function midpoints(levels: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: levels.length - 1 }, (_, k) => 0.5 * (levels[k]! + levels[k + 1]!));
}

/** ∫ u^k density(u) du from 0 to x for any x: odd in x for even k. */
function signedMoments(law: BlockLaw["law"], x: number, out: Float64Array): void {
  law.moments(Math.abs(x), out);
  if (x < 0) {
    out[0] = -out[0]!;
    out[2] = -out[2]!;
  }
}
