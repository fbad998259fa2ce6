import type { Format } from "./format.ts";
import { outlierMagnitudes } from "./olive.ts";

/** Values that reach the multiplier, before any scale. */
export interface Operand {
  id: string;
  values: readonly number[];
  family?: string;
}

/**
 * The codebooks whose values a multiplier for the format meets: one for most formats, one per codebook of a family.
 * HiF4's micro-exponents and OliVe's outliers are part of the number that is multiplied.
 */
export function operandsOf({ id, elements, coder }: Format): Operand[] {
  if (coder === "scaled") return [...elements];
  const { values } = elements[0]!;
  const union =
    coder === "hif4"
      ? [1, 2, 4].flatMap((factor) => values.map((value) => value * factor))
      : [...values.map((value) => value * 4), ...outlierMagnitudes.flatMap((value) => [value, -value])];
  return [{ id, values: [...new Set(union)].sort((a, b) => a - b) }];
}
