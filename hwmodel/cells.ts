/** Areas of the counted parts in gate equivalents. */
export interface Cells {
  flipFlop: number;
  fullAdder: number;
  halfAdder: number;
  xor: number;
  and: number;
  signXor: number;
  shift: number;
  node: number;
}

/**
 * Coefficients of the count model, in gate equivalents (area of a NAND2).
 *
 * Flip-flop, adders and the accumulator's XOR are cell area ratios of Nangate 45 nm (DFF 4.522, FA 4.256, HA 2.66, XOR2
 * 1.596, NAND2 0.798 um2), the library in which synthesis gave the figures the model is checked against
 * (synthesized.ts); with them the accumulators of twelve formats come out within 0.5 GE. AND and sign XOR are rounded
 * values for the array multipliers; `shift` and `node` are the two that were fitted to the whole of synthesized.ts.
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
  shift: 1.0,
  /** One node of a truth table's decision diagram after logic optimization. */
  node: 1.1,
};
