import { type Bit, type Draft, ONE, wire, ZERO } from "./draft.ts";
import { addBit, type Heap } from "./heap.ts";
import type { Product } from "./product.ts";

/**
 * Adds a product to the accumulator's heap; a negated one as its inverted bits and one (two's complement). The sign is
 * repeated up to the top: an adder cell per bit either way, and without the inverters that a constant would need.
 */
export function addTo(d: Draft, h: Heap, { bits, signed, negate }: Product): void {
  const flipped = negate === null ? bits : bits.map((bit) => flip(d, bit, negate));
  const sign = signed ? flipped.at(-1)! : (negate ?? ZERO);
  for (let i = 0; i < h.width; i++) addBit(h, i, flipped[i] ?? sign);
  if (negate !== null) addBit(h, 0, negate);
}

function flip(d: Draft, bit: Bit, negate: Bit): Bit {
  if (bit === ZERO) return negate;
  if (bit === ONE) return wire(d, "flipped", `~${negate}`, [negate]);
  return wire(d, "flipped", `${bit} ^ ${negate}`, [bit, negate]);
}
