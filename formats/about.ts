import type { Element } from "./element.ts";

/**
 * What is said of a format beyond its arithmetic. It stands beside the arithmetic, in a constant of its own: a bundle that
 * prints no sheet then leaves it out.
 */
export interface About {
  readonly label: string;
  /** Where the values and the rule come from. */
  readonly source: string;
  /** What surprises a reader of the source. */
  readonly quirks?: readonly string[];
  /** Licence of the published code, and known patent claims; null where only a text was published. */
  readonly licence?: string | null;
}

/** The words of a family of elements. */
export interface AboutFamily {
  /** How ids of the family look, with what the parameters may be; shown in help and the generated table. */
  readonly grammar: string;
  /** Undefined for elements of other families. */
  about(element: Element): About | undefined;
}
