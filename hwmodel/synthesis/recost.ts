import type { MacCost } from "../cost.ts";
import { tabulatedMac } from "./macTable.ts";

/**
 * The cost of the same multiply-accumulate in another library of the committed syntheses, which adds delay and energy to
 * its area; null where the table lacks the pair. `element` is the codebook of the weights; a cost of a format times itself stays one.
 */
export function recost(element: string, cost: MacCost, library: string): MacCost | null {
  const own = cost.activation === cost.weight;
  const found = tabulatedMac(element, own ? element : cost.activation, library);
  return found && { ...found, weight: cost.weight, activation: cost.activation };
}

/** Libraries whose committed syntheses state delay and energy. */
export const TIMED_LIBRARIES = ["asap7", "sky130"] as const;
