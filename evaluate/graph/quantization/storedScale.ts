import { UserError } from "../../../formats/error.ts";
import type { Format } from "../../../formats/format.ts";
import { type ScaleStore, scaleStores } from "../../../formats/scaleStores.ts";
import type { Value } from "../value.ts";
import { powerBelow } from "./nearestLevel.ts";
import type { Nodes } from "./nodes.ts";

/** The smallest float32 number; providers without float64 do not hold subnormal ones either. */
const smallest = (n: Nodes) => (n.wide === "float64" ? 2 ** -149 : 2 ** -126);

/**
 * `storedScale` of formats/: float64 `exact` (not zero) as the store holds it, a float32 number in float64. Above the
 * store's range it is infinite, which the loss will show. `outer` is the second level, for stores that have one.
 */
export function storedScale(n: Nodes, format: Format, exact: Value, unit: number, outer: Value | null): Value {
  const store = scaleStores[format.store];
  const size = n.abs(exact);
  const factor = store.relative ? unit : 1;
  const magnitude = outer ? nested(n, store, size, outer) : alone(n, store, size, factor);
  const stored = n.max(magnitude, smallest(n));
  return store.signed ? n.where(n.less(exact, 0), n.neg(stored), stored) : stored;
}

/** `storedOffset` of formats/: the same for the second number of a group, of either sign or zero. */
export function storedOffset(n: Nodes, format: Format, exact: Value, unit: number): Value {
  const own = scaleStores[format.store];
  const store = own.relative ? own : scaleStores.fp16;
  const magnitude = inRange(n, store, rounded(n, store, n.mul(n.abs(exact), unit)));
  return fround(n, n.mul(n.sign(exact), n.mul(magnitude, 1 / unit)));
}

/** The second level of float64 ideal scales, 0 for groups of zeros, of which `largest` is the span's: `outerScales` of formats/. */
export function outerNumber(n: Nodes, format: Format, largest: Value): Value {
  const { top, bits } = scaleStores[format.store].outer!;
  const held = fround(n, largest);
  const some = n.greater(held, 0);
  const exact = n.div(held, top);
  const { fp16 } = scaleStores;
  // A second level is fp32, or fp16 that no row may lose to zero.
  const stored = bits === 32 ? fround(n, exact) : n.max(inRange(n, fp16, rounded(n, fp16, exact)), fp16.smallest);
  return n.where(some, stored, 1);
}

/** To float32 and back. */
export function fround(n: Nodes, x: Value): Value {
  return n.cast(n.cast(x, "float32"), n.wide);
}

/** Throws UserError for stores whose numbers no arithmetic finds. */
export function requireArithmetic(format: Format): void {
  if (scaleStores[format.store].spacing === "listed")
    throw new UserError(
      `${format.id}: scales stored as ${format.store} cannot be found inside a graph; activations and caches take fp16, bf16, fp32, e8m0, e4m3 and the like`,
    );
}

function alone(n: Nodes, store: ScaleStore, size: Value, factor: number): Value {
  const held = n.max(rounded(n, store, n.mul(size, factor)), store.smallest);
  return fround(n, n.mul(inRange(n, store, held), 1 / factor));
}

function nested(n: Nodes, store: ScaleStore, size: Value, outer: Value): Value {
  // Infinite where numbers are so small that their second level is 0: cut off before it is rounded.
  const ratio = n.min(fround(n, n.div(size, outer)), store.largest);
  const inner = n.max(rounded(n, store, ratio), store.smallest);
  return fround(n, n.mul(inner, outer));
}

function inRange(n: Nodes, { largest }: ScaleStore, x: Value): Value {
  return n.where(n.greater(x, largest), Number.POSITIVE_INFINITY, x);
}

/** The storable number nearest to float64 x ≥ 0, as if the store had no largest one. */
export function rounded(n: Nodes, { spacing }: ScaleStore, x: Value): Value {
  if (spacing === "whole") return n.floor(n.add(x, 0.5));
  if (spacing === "listed") throw new Error("internal: a store without arithmetic");
  const { fraction, minExponent } = spacing;
  const step = n.mul(n.max(powerBelow(n, x), 2 ** minExponent), 2 ** -fraction);
  return n.mul(n.round(n.div(x, step)), step);
}
