import { type DifferenceCharacter, quadraticCharacter } from "./quadraticCharacter.ts";

/**
 * A Hadamard matrix of that order by Paley's constructions (Paley 1933), entries ±1, row-major; null where neither has
 * one. I: order q + 1 for prime powers q ≡ 3 mod 4. II: order 2(q + 1) for q ≡ 1 mod 4.
 */
export function paley(order: number): Int8Array | null {
  const first = order % 4 === 0 ? quadraticCharacter(order - 1) : null;
  if (first) return paleyFirst(order, first);
  const half = order / 2;
  const second = half % 2 === 0 && half % 4 === 2 ? quadraticCharacter(half - 1) : null;
  return second ? paleySecond(half, second) : null;
}

/** I + S, S skew: the character of differences, bordered by 1 above and −1 at the left. */
function paleyFirst(n: number, character: DifferenceCharacter): Int8Array {
  return square(n, (i, j) => {
    if (i === j) return 1;
    if (i === 0) return 1;
    return j === 0 ? -1 : character(i - 1, j - 1);
  });
}

/** S ⊗ [[1, 1], [1, −1]] + I ⊗ [[1, −1], [−1, −1]], S symmetric: bordered by 1 on both sides. */
function paleySecond(half: number, character: DifferenceCharacter): Int8Array {
  return square(2 * half, (i, j) => {
    const [row, column] = [i >> 1, j >> 1];
    const both = (i & 1) === 1 && (j & 1) === 1;
    if (row === column) return (i & 1) === 0 && (j & 1) === 0 ? 1 : -1;
    const entry = row === 0 || column === 0 ? 1 : character(row - 1, column - 1);
    return both ? -entry : entry;
  });
}

function square(n: number, entry: (i: number, j: number) => number): Int8Array {
  return Int8Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n));
}
