import { type Format, operandsOf } from "../formats/index.ts";
import type { MacCost } from "./cost.ts";
import { type MacOptions, macCost } from "./macCost.ts";
import type { CodedCodebook } from "./rtl/codes.ts";
import { tabulatedMac } from "./synthesis/macTable.ts";

/**
 * Modelled cost of a MAC of a format's numbers × `activation`; grouping, scales, offsets and zero points do not enter.
 * Of a format whose groups choose a codebook: the MAC of its widest one, which `variant` says; the decoder of the choice
 * is not counted. Throws UserError as `macCost` does.
 */
export function formatMacCost(format: Format, activation: CodedCodebook, options: MacOptions = {}): MacCost {
  const costs = operandsOf(format).map((operand) => macCost(operand, activation, options));
  const largest = widest(costs);
  if (costs.length === 1) return { ...largest, weight: format.name ?? largest.weight };
  return {
    ...largest,
    weight: format.name!,
    variant: `${largest.variant}; widest of ${costs.length} codebooks (${largest.weight}), choice not decoded`,
  };
}

/** The same for two formats, either of them a family. */
export function formatPairCost(weight: Format, activation: Format, options: MacOptions = {}): MacCost {
  const cost = widest(operandsOf(activation).map((operand) => formatMacCost(weight, operand, options)));
  return { ...cost, activation: activation.name ?? cost.activation };
}

/** One MAC by both sources of cost; a frontier uses one of them for all its rows (reports/costSource.ts). */
export interface FormatCosts {
  modelled: MacCost;
  /** From the committed table of gate-equivalent syntheses; null where that lacks the pair. */
  synthesized: MacCost | null;
}

export function formatCosts(weight: Format, activation: Format): FormatCosts {
  return { modelled: formatPairCost(weight, activation), synthesized: tabulatedFormatCost(weight, activation) };
}

function tabulatedFormatCost(weight: Format, activation: Format): MacCost | null {
  const [w, x] = [soleElement(weight), soleElement(activation)];
  const cost = w === null || x === null ? null : tabulatedMac(w, x, "generic");
  return cost && { ...cost, weight: weight.name ?? cost.weight, activation: activation.name ?? cost.activation };
}

/** The element that meets the multiplier as it is stored, or null: families, and coders that turn codes into other numbers. */
function soleElement({ coder, elements }: Format): string | null {
  return coder === "scaled" && elements.length === 1 ? elements[0]!.id : null;
}

function widest(costs: readonly MacCost[]): MacCost {
  return costs.reduce((a, b) => (b.areaGe > a.areaGe ? b : a));
}
