import type { About } from "./about.ts";
import { UserError } from "./error.ts";
import type { ScaleRuleId } from "./scaleRules.ts";

/** What kind of curve the values follow. */
export type Family = "int" | "float" | "log" | "normal" | "student" | "apot" | "posit" | "table";

/**
 * Where a value exactly half-way between two levels goes: to the level with the even code (IEEE, OCP; where both or
 * neither code is even, to the smaller magnitude, then to the positive one), towards −∞, towards +∞, away from zero, or
 * towards zero (`away` and `zero` send the middle of ±a to the positive one).
 */
export type TieRule = "even" | "down" | "up" | "away" | "zero";

/** A scalar codebook: what each code of a stored element means, without the scale. Plain data; satisfies hwmodel's Codebook. */
export interface Element {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly family: Family;
  /** Bits of a stored code. */
  readonly bits: number;
  /** Value of each code, code 0 first; null where a code is reserved (NaN, infinity, unused). Duplicates such as −0 stay. */
  readonly codes: readonly (number | null)[];
  /** The distinct values, ascending. */
  readonly values: readonly number[];
  readonly tie: TieRule;
  /** The scale rule of the format's source, where it is not the default of `defaultScaleRule`. */
  readonly scaleRule?: ScaleRuleId;
  /** What the author of a codebook of one's own says of it; the registry's words are for sheets (`aboutElement`). */
  readonly about?: About;
}

/** An element as its file states it; `element` adds what follows from the codes. */
export interface ElementData extends Omit<Element, "values" | "aliases"> {
  readonly aliases?: readonly string[];
}

/**
 * Completes and checks an element: 2^bits codes, finite or null, at least two distinct values, one of them positive.
 * Throws UserError naming the element.
 */
export function element(data: ElementData): Element {
  const { id, bits, codes } = data;
  if (!Number.isInteger(bits) || bits < 1 || bits > 8) throw new UserError(`${id}: ${bits} bits; elements have 1 to 8`);
  if (codes.length !== 2 ** bits) throw new UserError(`${id}: ${codes.length} codes, expected ${2 ** bits}`);
  const values = distinct(codes.filter((value) => value !== null));
  if (!values.every(Number.isFinite)) throw new UserError(`${id}: a code's value is not finite`);
  if (values.length < 2) throw new UserError(`${id}: fewer than two distinct values`);
  if (values.at(-1)! <= 0) throw new UserError(`${id}: no positive value`);
  return { aliases: [], ...data, values };
}

/** Whether the largest positive and the largest negative value have the same magnitude. */
export function hasEqualEnds({ values }: Element): boolean {
  return values[0]! === -values.at(-1)!;
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values.map((value) => value + 0))].sort((a, b) => a - b);
}
