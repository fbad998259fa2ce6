import { UserError } from "./error.ts";
import type { Format } from "./format.ts";
import { scaleStores } from "./scaleStores.ts";

/** Quotients by a stored scale must not divide by zero. */
const SMALLEST_FLOAT32 = 2 ** -149;

/** The second level that a group's scale is stored under: its outer number, and the tensor's mean scale or 0. */
export interface Outer {
  number: number;
  mean: number;
}

/**
 * `exact`, not zero, as the format's store holds it, float32. `unit` is the power of two of the codebook's largest
 * magnitude, see `relative` of the stores. A scale below the store's range becomes the smallest one, so that it stays
 * above zero. Throws UserError, naming `where()`, for a scale above the range; under a second level it is the largest.
 */
export function storedScale(
  format: Format,
  exact: number,
  unit: number,
  outer: Outer | null,
  where: () => string,
): number {
  const store = scaleStores[format.store];
  if (outer !== null) return nestedScale(format, exact, outer);
  const factor = store.relative ? unit : 1;
  const magnitude = Math.max(store.round(Math.abs(exact) * factor), store.smallest);
  if (!(magnitude <= store.largest)) {
    throw new UserError(
      `${format.id}: ${where()} needs a scale of ${Math.abs(exact) * factor}, above the ${store.largest} of ${format.store}`,
    );
  }
  return signed(exact, Math.max(Math.fround(magnitude / factor), SMALLEST_FLOAT32));
}

function nestedScale(format: Format, exact: number, { number, mean }: Outer): number {
  const { round, smallest, largest, outer } = scaleStores[format.store];
  if (outer!.centred) return Math.fround(round((Math.abs(exact) - mean) / number) * number + mean);
  // In float32, as published code does: the group with the largest scale then meets `top` exactly.
  const inner = Math.min(Math.max(round(Math.fround(Math.abs(exact) / number)), smallest), largest);
  return signed(exact, Math.max(Math.fround(inner * number), SMALLEST_FLOAT32));
}

function signed(exact: number, magnitude: number): number {
  return exact < 0 ? -magnitude : magnitude;
}

/** `value` as the format stores a second number of a group (offset): the type of its scale, or fp16 where that is no general float. */
export function storedOffset(format: Format, value: number, unit: number, where: () => string): number {
  const { relative } = scaleStores[format.store];
  const store = relative ? scaleStores[format.store] : scaleStores.fp16;
  const magnitude = store.round(Math.abs(value) * unit);
  if (!(magnitude <= store.largest)) {
    throw new UserError(`${format.id}: ${where()} needs an offset of ${value}, above the range of ${format.store}`);
  }
  return Math.fround(Math.sign(value) * (magnitude / unit));
}
