import { structures } from "./analytic.ts";
import { CELLS } from "./cells.ts";
import type { MacCost } from "./cost.ts";
import { technologyNode } from "./nodes.ts";
import type { CodedCodebook } from "./rtl/codes.ts";

export interface MacOptions {
  /** Products summed without loss; 256 as in the paper. */
  terms?: number;
  /** Whose NAND2 converts gate equivalents to square micrometres. */
  node?: string;
  /** Add a flip-flop for every bit of both operands to the multiplier. */
  inputRegisters?: boolean;
}

/**
 * Root mean square error of the count model on formats it was not fitted to: its three coefficients fitted to the committed
 * generic syntheses without one weight format, for each of 34 formats in turn, 64 MACs in all. Mean size 2.0 %, worst −5.3
 * and +5.5 % (test/hwmodel/analytic.test.ts). The structures were written with these figures in view, so formats unlike
 * them can err more.
 */
export const MODEL_ERROR = 0.024;

/**
 * Area of one multiply-accumulate of `weight` × `activation` from counts of its cells, best of all structures: instant.
 * Codebooks on a common unit are multiplied exactly; others (NF4, SF4, learned ones) go through a table of INT8 codes, and
 * `variant` says so. Delay and energy are null: they need a netlist.
 * Throws UserError for a codebook that is not one, or that needs an accumulator of over 128 bits.
 */
export function macCost(weight: CodedCodebook, activation: CodedCodebook, options: MacOptions = {}): MacCost {
  const { terms = 256, inputRegisters = false } = options;
  const node = technologyNode(options.node ?? "tsmc28");
  const best = structures(weight, activation, terms)[0]!;
  const registers = inputRegisters ? best.operandBits * CELLS.flipFlop : 0;
  const multiplierGe = best.multiplierGe + registers;
  const areaGe = multiplierGe + best.accumulatorGe;
  return {
    weight: weight.id,
    activation: activation.id,
    terms,
    accumulatorBits: best.accumulatorBits,
    areaGe,
    multiplierGe,
    accumulatorGe: best.accumulatorGe,
    areaUm2: areaGe * node.nand2Um2,
    node: node.id,
    delayPs: null,
    energyFj: null,
    variant: inputRegisters ? `${best.variant}, operand registers` : best.variant,
    provenance: "modelled",
    source: `cell counts with Nangate 45 nm ratios, no wires; NAND2 of ${node.id}: ${node.source}`,
    relativeError: MODEL_ERROR,
  };
}
