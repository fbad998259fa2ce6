/** Areas of the counted parts in gate equivalents. */
export interface Cells {
  flipFlop: number;
  fullAdder: number;
  halfAdder: number;
  xor: number;
  and: number;
  signXor: number;
  shift: number;
  gate: number;
  mux: number;
}

/** How many of each part a structure has. */
export type Counts = Partial<Readonly<Record<keyof Cells, number>>>;

export function areaOf(counts: Counts, cells: Cells): number {
  return Object.entries(counts).reduce((sum, [part, count]) => sum + count * cells[part as keyof Cells], 0);
}

/** All parts of several together. */
export function together(...parts: readonly Counts[]): Counts {
  const sum: Partial<Record<keyof Cells, number>> = {};
  for (const counts of parts) {
    for (const [part, count] of Object.entries(counts))
      sum[part as keyof Cells] = (sum[part as keyof Cells] ?? 0) + count;
  }
  return sum;
}

/**
 * Coefficients of the count model, in gate equivalents (area of a NAND2).
 *
 * Flip-flop, adders and the accumulator's XOR are cell area ratios of Nangate 45 nm (DFF 4.522, FA 4.256, HA 2.66, XOR2
 * 1.596, NAND2 0.798 um2). AND and sign XOR are rounded values for the array multipliers; `shift`, `gate` and `mux` are
 * fitted to the committed table of syntheses (test/hwmodel/analytic.test.ts).
 */
export const CELLS: Cells = {
  flipFlop: 5.67,
  fullAdder: 5.33,
  halfAdder: 3.33,
  xor: 2.0,
  /** An AND of a partial product or a gate. */
  and: 1.2,
  /** The sign of a product: an XOR with its buffers. */
  signXor: 3.0,
  /** One output bit of one stage of a shifter. */
  shift: 1.1,
  /** One node of a truth table's decision diagram after logic optimization: with a constant child, */
  gate: 0.5,
  /** and with two that vary. */
  mux: 1.5,
};
