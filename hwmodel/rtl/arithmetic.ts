import { type Bit, type Draft, not, ONE, wire, ZERO } from "./draft.ts";
import { type AdderStyle, addBit, addNumber, heap, sumHeap } from "./heap.ts";
import { choose } from "./shifter.ts";

/** The bits of a constant, least significant first, in two's complement. */
export function constantBits(value: number | bigint, width: number): Bit[] {
  const word = BigInt.asUintN(width, BigInt(value));
  return Array.from({ length: width }, (_, i) => ((word >> BigInt(i)) & 1n ? ONE : ZERO));
}

/** The sum of unsigned numbers and a constant, modulo 2^width. */
export function sumOf(
  d: Draft,
  numbers: readonly (readonly Bit[])[],
  constant: number | bigint,
  width: number,
  style: AdderStyle,
): Bit[] {
  const h = heap(width);
  for (const bits of numbers) addNumber(d, h, { bits: [...bits], signed: false });
  h.constant += BigInt(constant);
  return sumHeap(d, h, style);
}

/** a − b, modulo 2^width; the top bit is the sign if both fit width − 1 bits. */
export function difference(d: Draft, a: readonly Bit[], b: readonly Bit[], width: number, style: AdderStyle): Bit[] {
  const inverted = Array.from({ length: width }, (_, i) => not(d, b[i] ?? ZERO));
  return sumOf(d, [a, inverted], 1, width, style);
}

/** The number, negated where `negate` is 1: inverted bits plus one. */
export function negateIf(d: Draft, negate: Bit, bits: readonly Bit[], style: AdderStyle): Bit[] {
  const h = heap(bits.length);
  bits.forEach((bit, i) => {
    addBit(h, i, exclusive(d, bit, negate));
  });
  addBit(h, 0, negate);
  return sumHeap(d, h, style);
}

export function exclusive(d: Draft, a: Bit, b: Bit): Bit {
  if (a === ZERO) return b;
  if (b === ZERO) return a;
  if (a === ONE) return not(d, b);
  if (b === ONE) return not(d, a);
  return wire(d, "either", `${a} ^ ${b}`, [a, b]);
}

export function chooseBits(d: Draft, select: Bit, ones: readonly Bit[], zeros: readonly Bit[]): Bit[] {
  const width = Math.max(ones.length, zeros.length);
  return Array.from({ length: width }, (_, i) => choose(d, "chosen", select, ones[i] ?? ZERO, zeros[i] ?? ZERO));
}

export function anyOf(d: Draft, bits: readonly Bit[]): Bit {
  const variable = bits.filter((bit) => bit !== ZERO);
  if (variable.includes(ONE)) return ONE;
  if (variable.length === 0) return ZERO;
  return variable.length === 1 ? variable[0]! : wire(d, "any", variable.join(" | "), variable);
}

/** bits >> amount, zeros from above, what falls out below is lost. */
export function shiftRight(d: Draft, bits: readonly Bit[], amount: readonly Bit[]): Bit[] {
  let shifted = [...bits];
  const stages = amount.filter((_, stage) => 2 ** stage < bits.length);
  stages.forEach((select, stage) => {
    const before = shifted;
    shifted = before.map((bit, i) => choose(d, "aligned", select, before[i + 2 ** stage] ?? ZERO, bit));
  });
  const beyond = anyOf(d, amount.slice(stages.length));
  return beyond === ZERO ? shifted : shifted.map((bit) => choose(d, "aligned", beyond, ZERO, bit));
}

/** Shifts left until the top bit is 1; `zeros` is by how much (all ones in each stage that found only zeros). */
export function normalize(d: Draft, bits: readonly Bit[]): { bits: Bit[]; zeros: Bit[] } {
  let shifted = [...bits];
  const zeros: Bit[] = [];
  for (let stage = Math.ceil(Math.log2(bits.length)) - 1; stage >= 0; stage--) {
    const by = 2 ** stage;
    const top = shifted.slice(-by);
    const empty = wire(d, "empty", `~(${top.join(" | ")})`, top);
    const before = shifted;
    shifted = before.map((bit, i) => choose(d, "normal", empty, before[i - by] ?? ZERO, bit));
    zeros.unshift(empty);
  }
  return { bits: shifted, zeros };
}
