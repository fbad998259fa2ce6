/** Lanes of one machine word: independent simulations that run at once. */
export const LANES = 32;

/** Ones in a 32-bit word (Hacker's Delight, figure 5-2). */
export function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  x = (x + (x >>> 4)) & 0x0f0f0f0f;
  return Math.imul(x, 0x01010101) >>> 24;
}

/** Code of each lane → one word per bit: bit `lane` of word i is bit i of the lane's code. */
export function toWords(codes: ArrayLike<number>, bits: number, words: Int32Array, from = 0): void {
  words.fill(0, from, from + bits);
  for (let lane = 0; lane < LANES; lane++) {
    const code = codes[lane] ?? 0;
    for (let bit = 0; bit < bits; bit++) words[from + bit]! |= ((code >>> bit) & 1) << lane;
  }
}

/** The number a lane holds in a port, least significant bit first. */
export function laneValue(words: ArrayLike<number>, lane: number): bigint {
  let value = 0n;
  for (let bit = words.length - 1; bit >= 0; bit--) value = (value << 1n) | BigInt((words[bit]! >>> lane) & 1);
  return value;
}
