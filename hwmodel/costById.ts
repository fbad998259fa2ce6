import { parseFormat } from "../formats/index.ts";
import "../fitting/everyId.ts";
import type { MacCost } from "./cost.ts";
import { formatPairCost } from "./formatCost.ts";
import type { MacOptions } from "./macCost.ts";
import { publishedMac } from "./published.ts";

/**
 * Modelled cost of a MAC for two formats of the registry: element ids, aliases or whole format ids (`sf4`, `e2m1@g32`);
 * grouping and scales do not enter, and of a family of codebooks the widest counts. Throws UserError for an unknown id.
 */
export function macCostById(weight: string, activation: string = weight, options: MacOptions = {}): MacCost {
  return formatPairCost(parseFormat(weight), parseFormat(activation), options);
}

/** The paper's cost of a format times itself (Table 10), null where the paper has none. Throws UserError for an unknown id. */
export function publishedCost(id: string): MacCost | null {
  const { element } = parseFormat(id);
  return element && publishedMac(element.id);
}
