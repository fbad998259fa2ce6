import { dynamicTree } from "../dynamicTree.ts";
import { exponentOf } from "../scaleFloat.ts";
import type { ScaleStore } from "../scaleStores.ts";

/** Bit pattern, without a sign, of a number that the store holds: exponent and fraction field, the number, or its place. */
export function encodeScale({ spacing }: ScaleStore, x: number): number {
  if (spacing === "whole") return x;
  if (spacing === "listed") return dynamicTree.values.indexOf(x);
  const { fraction, minExponent } = spacing;
  if (x === 0) return 0;
  const exponent = Math.max(exponentOf(x), minExponent);
  if (fraction === 0) return exponent - minExponent;
  const units = x / 2 ** (exponent - fraction);
  return units < 2 ** fraction ? units : (exponent - minExponent) * 2 ** fraction + units;
}

/** The number of a pattern. */
export function decodeScale({ spacing }: ScaleStore, code: number): number {
  if (spacing === "whole") return code;
  if (spacing === "listed") return dynamicTree.values[code]!;
  const { fraction, minExponent } = spacing;
  if (fraction === 0) return 2 ** (code + minExponent);
  const field = Math.floor(code / 2 ** fraction);
  const units = (code % 2 ** fraction) + (field > 0 ? 2 ** fraction : 0);
  return units * 2 ** (Math.max(field - 1, 0) + minExponent - fraction);
}
