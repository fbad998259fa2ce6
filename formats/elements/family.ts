import type { Element } from "../element.ts";

/** A set of elements with one way of making them: fixed tables, or ids that carry parameters. */
export interface ElementFamily {
  /** How ids of the family look, with what the parameters may be; shown in help and the generated table. */
  readonly grammar: string;
  /** Ids that listings show. */
  readonly listed: readonly string[];
  /** The element of a lower-case id or alias, or undefined if the id is not of this family. Throws UserError for a parameter out of range. */
  make(id: string): Element | undefined;
}

/** A family of fixed tables. */
export function fixedFamily(grammar: string, elements: readonly Element[]): ElementFamily {
  const byName = new Map(elements.flatMap((item) => [item.id, ...item.aliases].map((name) => [name, item])));
  return { grammar, listed: elements.map(({ id }) => id), make: (id) => byName.get(id) };
}

/** Codes of a sign-magnitude element: the sign is the top bit, `magnitudes` are those of codes 0, 1, …; code −0 holds `negativeZero`. */
export function signMagnitude(magnitudes: readonly number[], negativeZero = 0): number[] {
  return [...magnitudes, ...magnitudes.map((m) => (m === 0 ? negativeZero : -m))];
}
