/** @file The config fields that say which blocks see only the last tokens, and how many (transformers, layer_types). */
import { UserError } from "../../../formats/error.ts";
import { describe, type JsonFields } from "../jsonFields.ts";
import { MAX_LAYERS } from "./configFields.ts";

/** The blocks `layers` see only the last `size` tokens. */
export interface SlidingWindow {
  readonly size: number;
  readonly layers: readonly number[];
}

const SLIDING = "sliding_attention";
const FULL = "full_attention";

/**
 * The window of `size` tokens (null: none) on the blocks that layer_types names, or that `byDefault` tells in files
 * without it. Throws UserError for other kinds of blocks.
 */
export function slidingWindow(
  fields: JsonFields,
  size: number | null,
  byDefault: (layer: number) => boolean,
): { slidingWindow?: SlidingWindow } {
  const count = fields.integer("num_hidden_layers", 1, MAX_LAYERS);
  const types = fields.raw("layer_types") ?? null;
  if (types !== null && !(Array.isArray(types) && types.length === count)) {
    throw new UserError(`${fields.path}: layer_types must be a list of ${count} names, found ${describe(types)}`);
  }
  const unknown = types?.find((type) => type !== SLIDING && type !== FULL);
  if (unknown !== undefined) {
    const supported = `supported: ${FULL}, ${SLIDING}`;
    throw new UserError(`${fields.path}: layer_types ${describe(unknown)} is not supported; ${supported}`);
  }
  const all = Array.from({ length: count }, (_, layer) => layer);
  const layers = all.filter((layer) => (types ? types[layer] === SLIDING : byDefault(layer)));
  return size === null || layers.length === 0 ? {} : { slidingWindow: { size, layers } };
}
