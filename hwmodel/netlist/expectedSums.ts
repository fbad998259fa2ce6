import { LANES } from "./words.ts";

/** Accumulators of 32 lanes as they should be: one word per bit, sums modulo 2^bits. */
export interface ExpectedSums {
  words: Int32Array;
  /** Takes the state from words, one per bit. */
  restart(words: Int32Array): void;
  /** Adds products (exact integers) by lane and element: index lane · elements + element. */
  add(products: readonly number[], elements: number): void;
  /** The first lane in which `found` differs, -1 if none. */
  mismatch(found: Int32Array): number;
}

export function expectedSums(bits: number): ExpectedSums {
  const words = new Int32Array(bits);
  const addend = new Int32Array(bits);
  return {
    words,
    restart: (from) => words.set(from),
    add(products, elements) {
      for (let e = 0; e < elements; e++) {
        addend.fill(0);
        for (let lane = 0; lane < LANES; lane++) {
          const product = products[lane * elements + e]!;
          for (let from = 0; from < bits; from += 32) {
            // ToInt32 wraps modulo 2^32 exactly, also above 2^53.
            const part = Math.floor(product / 2 ** from) | 0;
            for (let i = from; i < Math.min(from + 32, bits); i++) addend[i]! |= ((part >>> (i - from)) & 1) << lane;
          }
        }
        let carry = 0;
        for (let i = 0; i < bits; i++) {
          const a = words[i]!;
          const b = addend[i]!;
          words[i] = a ^ b ^ carry;
          carry = (a & b) | (carry & (a | b));
        }
      }
    },
    mismatch(found) {
      let wrong = 0;
      for (let i = 0; i < bits; i++) wrong |= words[i]! ^ found[i]!;
      return wrong === 0 ? -1 : 31 - Math.clz32(wrong & -wrong);
    },
  };
}
