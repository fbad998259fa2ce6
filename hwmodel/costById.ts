import { parseFormat } from "../formats/index.ts";
import type { MacCost } from "./cost.ts";
import { type MacOptions, macCost } from "./macCost.ts";
import { publishedMac } from "./published.ts";

/**
 * Modelled cost of a MAC for two formats of the registry: element ids, aliases or whole format ids (`sf4`, `e2m1@g32`);
 * grouping and scales do not enter. Throws UserError for an unknown id.
 */
export function macCostById(weight: string, activation: string = weight, options: MacOptions = {}): MacCost {
  return macCost(parseFormat(weight).element, parseFormat(activation).element, options);
}

/** The paper's cost of a format times itself (Table 10), null where the paper has none. Throws UserError for an unknown id. */
export function publishedCost(id: string): MacCost | null {
  return publishedMac(parseFormat(id).element.id);
}
