import type { Element } from "../../formats/index.ts";
import { ownCodebook } from "../../formats/own/index.ts";
import { toIntegers } from "../../hwmodel/index.ts";

/**
 * A codebook of whole numbers in sign-magnitude code, as hardware multiplies it most cheaply: 2^(bits−1) − 1 magnitudes with
 * both signs, zero, and, in place of the second zero, one more value or none.
 */
export interface GridBook {
  bits: number;
  /** Increasing, from 1 on, without a common factor. */
  magnitudes: readonly number[];
  extra: number | null;
}

/** The codebook as an element whose id is its specification: `[0,1,2,4,-0,-1,-2,-4]`. */
export function gridElement({ magnitudes, extra }: GridBook): Element {
  return ownCodebook({ codes: [0, ...magnitudes, extra ?? -0, ...magnitudes.map((m) => -m)] });
}

/** Whether a list of magnitudes is one of a GridBook with levels up to `largest`. */
function ordered(magnitudes: readonly number[], largest: number): boolean {
  return magnitudes.every((m, i) => m > (magnitudes[i - 1] ?? 0) && m <= largest);
}

function commonFactor(a: number, b: number): number {
  return b === 0 ? a : commonFactor(b, a % b);
}

/** Divides out what all values share: codebooks differ only by more than their scale. */
function reduced({ bits, magnitudes, extra }: GridBook): GridBook {
  const factor = [...magnitudes, extra ?? 0].reduce(commonFactor, 0);
  return { bits, magnitudes: magnitudes.map((m) => m / factor), extra: extra === null ? null : extra / factor };
}

/**
 * Every codebook one step away: a magnitude moved by one, or another extra value: none, one moved by one, or, where there is none,
 * any positive number that is not a level, up to one and a half times the largest (an extra end takes the signed scale).
 */
export function neighbours(book: GridBook, largest: number): GridBook[] {
  const { bits, magnitudes, extra } = book;
  const moved = magnitudes.flatMap((m, i) => [m - 1, m + 1].map((to) => magnitudes.with(i, to)));
  const free = (value: number) => value > 0 && value <= 1.5 * magnitudes.at(-1)! && !magnitudes.includes(value);
  const extras =
    extra === null
      ? Array.from({ length: Math.floor(1.5 * magnitudes.at(-1)!) }, (_, i) => i + 1)
      : [extra - 1, extra + 1];
  return [
    ...moved.filter((each) => ordered(each, largest)).map((each) => ({ bits, magnitudes: each, extra })),
    ...extras.map((value) => ({ bits, magnitudes, extra: value })),
    ...(extra === null ? [] : [{ bits, magnitudes, extra: null }]),
  ]
    .filter(({ magnitudes: levels, extra: value }) => value === null || (free(value) && !levels.includes(value)))
    .map(reduced);
}

/** A codebook of the registry as a GridBook, or null: other bits, no zero, no common unit, or not the same magnitudes with both signs. */
export function gridBookOf(element: Element, bits: number): GridBook | null {
  const integers = element.bits === bits ? toIntegers({ id: element.id, values: element.values })?.integers : undefined;
  if (!integers) return null;
  const values = new Set(integers.map((value) => value + 0));
  const magnitudes = [...values].filter((v) => v > 0 && values.has(-v)).sort((a, b) => a - b);
  const extras = [...values].filter((v) => v !== 0 && !values.has(-v));
  if (!values.has(0) || magnitudes.length !== 2 ** (bits - 1) - 1 || extras.length > 1) return null;
  return reduced({ bits, magnitudes, extra: extras.length === 0 ? null : Math.abs(extras[0]!) });
}

/** Quantiles of a distribution's codebook, rounded to the grid whose largest magnitude is each of the given numbers. */
export function roundedToGrids(element: Element, largest: number): GridBook[] {
  const { bits } = element;
  const count = 2 ** (bits - 1) - 1;
  const positive = [...element.values].filter((v) => v > 0).sort((a, b) => a - b);
  const most = positive.at(-1)!;
  // Two-sided codebooks of quantiles have one magnitude more than there is room for.
  const levels = positive.slice(-count).map((v) => v / most);
  if (levels.length < count) return [];
  return Array.from({ length: largest - count + 1 }, (_, i) => count + i).flatMap((end) => {
    const magnitudes = levels.map((v) => Math.max(1, Math.round(v * end)));
    return ordered(magnitudes, end) ? [reduced({ bits, magnitudes, extra: null })] : [];
  });
}
