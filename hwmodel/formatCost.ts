import { type Format, operandsOf } from "../formats/index.ts";
import type { Codebook } from "./codebook.ts";
import type { MacCost } from "./cost.ts";
import { type MacOptions, macCost } from "./macCost.ts";

/**
 * Modelled cost of a MAC of a format's numbers × `activation`; grouping, scales, offsets and zero points do not enter.
 * Of a format whose groups choose a codebook: the MAC of its widest one, which `variant` says; the decoder of the choice
 * is not counted. Throws UserError as `macCost` does.
 */
export function formatMacCost(format: Format, activation: Codebook, options: MacOptions = {}): MacCost {
  const costs = operandsOf(format).map((operand) => macCost(operand, activation, options));
  const widest = costs.reduce((a, b) => (b.areaGe > a.areaGe ? b : a));
  if (costs.length === 1) return { ...widest, weight: format.name ?? widest.weight };
  return {
    ...widest,
    weight: format.name!,
    variant: `${widest.variant}; widest of ${costs.length} codebooks (${widest.weight}), choice not decoded`,
  };
}
