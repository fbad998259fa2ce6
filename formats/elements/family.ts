import { type Element, type ElementData, element } from "../element.ts";

/** A set of elements with one way of making them: fixed tables, or ids that carry parameters. */
export interface ElementFamily {
  /** Ids that listings show. */
  readonly listed: readonly string[];
  /** The element of a lower-case id or alias, or undefined if the id is not of this family. Throws UserError for a parameter out of range. */
  make(id: string): Element | undefined;
}

/** A family of fixed tables. */
export function fixedFamily(elements: readonly ElementData[]): ElementFamily {
  return {
    listed: elements.map(({ id }) => id),
    make(id) {
      const data = elements.find((each) => each.id === id || each.aliases?.includes(id));
      return data && element(data);
    },
  };
}

/** Codes of a sign-magnitude element: the sign is the top bit, `magnitudes` are those of codes 0, 1, …; code −0 holds `negativeZero`. */
export function signMagnitude(magnitudes: readonly number[], negativeZero = 0): number[] {
  return [...magnitudes, ...magnitudes.map((m) => (m === 0 ? negativeZero : -m))];
}
