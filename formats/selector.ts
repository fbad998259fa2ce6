/** What a group's choice of codebook minimises over its numbers: squared, absolute or largest error; the first of equals wins. */
export type Objective = "mse" | "mae" | "maxerr";

/** How each group chooses among several codebooks, or among several values that its extreme may map to. */
export interface Selector {
  readonly objective: Objective;
  /** Bits that the choice adds to each group; 0 where it lies in bits that are stored anyway. */
  readonly bits: number;
  /** Where the choice is stored. */
  readonly where: "extra bits" | "sign of the scale" | "nowhere: decoding does not depend on it";
  /**
   * Values the group's largest magnitude may map to, each tried with each codebook, in place of the codebook's reach.
   * Four-over-Six: [6, 4].
   */
  readonly targets: readonly number[] | null;
}
