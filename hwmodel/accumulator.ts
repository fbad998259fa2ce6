import { UserError } from "../formats/error.ts";
import type { IntegerCodebook } from "./codebook.ts";

/** A lossless E5M2 × E5M2 accumulator has 73 bits; beyond 128 nobody builds one, and the count model means nothing. */
export const MAX_ACCUMULATOR_BITS = 128;

/** Smallest and largest product of a value of `a` and a value of `b`, in units of a.unit · b.unit. */
export function productRange(a: IntegerCodebook, b: IntegerCodebook): { min: bigint; max: bigint } {
  const ends = (c: IntegerCodebook) => [BigInt(c.integers[0]!), BigInt(c.integers.at(-1)!)];
  let min = 0n;
  let max = 0n;
  for (const x of ends(a)) {
    for (const y of ends(b)) {
      const product = x * y;
      if (product < min) min = product;
      if (product > max) max = product;
    }
  }
  return { min, max };
}

/**
 * Bits of the smallest two's complement register that holds the sum of any `terms` products without loss.
 * Reproduces Table 10 of "Learning from Students" for INT4, INT5, E2M1, E2M1+SR, E3M0, APoT4, APoT4+SP; for E2M1+SP the
 * paper has 19 (this: 17), for E2M1-I 20 (23), for E2M1-B 23 (25): those registers are not the lossless minimum.
 */
export function accumulatorBits(a: IntegerCodebook, b: IntegerCodebook, terms: number): number {
  if (!Number.isInteger(terms) || terms < 1 || terms > 2 ** 32) {
    throw new UserError(`terms ${terms}: expected a whole number of products from 1 to 2^32`);
  }
  const { min, max } = productRange(a, b);
  const k = BigInt(terms);
  let bits = 1;
  while (k * max > (1n << BigInt(bits - 1)) - 1n || k * min < -(1n << BigInt(bits - 1))) bits++;
  if (bits > MAX_ACCUMULATOR_BITS) {
    throw new UserError(
      `${a.id} x ${b.id}: a lossless sum of ${terms} products needs ${bits} bits; ${MAX_ACCUMULATOR_BITS} is the limit`,
    );
  }
  return bits;
}
