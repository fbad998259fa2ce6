import { type Bit, type Draft, depthOf, fresh, ZERO } from "./draft.ts";
import type { Num } from "./heap.ts";

/**
 * number · 2^exponent in a barrel shifter, a stage of multiplexers for each exponent bit; `maxShift` is the largest
 * exponent, and bits above `width` are dropped.
 */
export function shiftLeft(d: Draft, number: Num, exponent: readonly Bit[], maxShift: number, width: number): Num {
  let { bits } = number;
  let most = number.bits.length;
  exponent.forEach((select, stage) => {
    const by = 2 ** stage;
    most = Math.min(number.bits.length + Math.min(maxShift, 2 ** (stage + 1) - 1), width);
    const before = bits;
    const at = (i: number) => (i < 0 ? ZERO : (before[i] ?? (number.signed ? before.at(-1)! : ZERO)));
    bits = Array.from({ length: most }, (_, i) => choose(d, "shifted", select, at(i - by), at(i)));
  });
  return { bits, signed: number.signed };
}

/** select ? one : zero. */
export function choose(d: Draft, stem: string, select: Bit, one: Bit, zero: Bit): Bit {
  if (one === zero) return one;
  const name = fresh(d, stem);
  const expression =
    one === ZERO ? `~${select} & ${zero}` : zero === ZERO ? `${select} & ${one}` : `${select} ? ${one} : ${zero}`;
  d.lines.push(`wire ${name} = ${expression};`);
  d.depth.set(name, depthOf(d, [select, one, zero]) + 1);
  return name;
}
