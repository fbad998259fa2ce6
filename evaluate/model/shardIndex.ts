import { UserError } from "../../formats/error.ts";
import { describe, readJsonFields } from "./jsonFields.ts";

/** The files of a Hugging Face directory that hold weights, or name the files that do. */
export const SINGLE_FILE = "model.safetensors";
export const INDEX_FILE = "model.safetensors.index.json";
/** About 100 bytes for each of at most 100,000 tensors, tenfold. */
const MAX_INDEX_BYTES = 100_000_000;
/** The largest published models have about 200; every shard costs an open file. */
const MAX_SHARDS = 1000;

/**
 * Tensor name → shard file name, validated: nothing outside the directory can be named.
 * @throws UserError naming the index and what is wrong with it
 */
export function readIndex(indexPath: string): Map<string, string> {
  const map = readJsonFields(indexPath, MAX_INDEX_BYTES).raw("weight_map");
  if (!(map instanceof Map) || map.size === 0) {
    throw new UserError(`${indexPath}: weight_map must be an object from tensor names to shard files`);
  }
  const index = new Map<string, string>();
  const shards = new Set<string>();
  for (const [tensor, shard] of map) {
    // Reserved device names and alternate streams of Windows need ":" or lack the ending, so this pattern excludes them.
    if (typeof shard !== "string" || !/^[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\.safetensors$/.test(shard)) {
      throw new UserError(
        `${indexPath}: ${JSON.stringify(tensor)} lies in ${describe(shard)}, which is no plain .safetensors file name`,
      );
    }
    index.set(tensor, shard);
    shards.add(shard);
    if (shards.size > MAX_SHARDS) throw new UserError(`${indexPath} names more than ${MAX_SHARDS} shards`);
  }
  return index;
}
