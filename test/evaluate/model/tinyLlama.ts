import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readModelConfig, type TensorEntry, tensorShapes, writeSafetensors } from "../../../evaluate/model/index.ts";

/** config.json of a Llama with 2 blocks, grouped-query attention and an untied head; `changes` replace or add fields. */
export function tinyConfig(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: 8,
    intermediate_size: 12,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    vocab_size: 11,
    max_position_embeddings: 32,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: "silu",
    tie_word_embeddings: false,
    bos_token_id: 0,
    eos_token_id: 1,
    torch_dtype: "float32",
    ...changes,
  };
}

/** Writes config.json into `directory` (made if absent); fields that are undefined are left out. */
export function writeConfig(directory: string, changes: Record<string, unknown> = {}): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "config.json"), JSON.stringify(tinyConfig(changes)));
}

/** The tensors that the config.json of `directory` implies, every one filled with its rank in the list. */
export function tinyTensors(directory: string): TensorEntry[] {
  return Array.from(tensorShapes(readModelConfig(directory)), ([name, shape], i) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return { name, shape, data: new Float32Array(count).fill(i) };
  });
}

export function writeWeights(directory: string, entries: readonly TensorEntry[], name = "model.safetensors"): void {
  writeSafetensors(join(directory, name), entries, { dtype: "BF16" });
}

/** Writes `shards` and their index; `map` changes single entries of the index. */
export function writeShards(
  directory: string,
  shards: Readonly<Record<string, readonly TensorEntry[]>>,
  map: Readonly<Record<string, unknown>> = {},
): void {
  const weightMap: Record<string, unknown> = {};
  for (const [shard, entries] of Object.entries(shards)) {
    writeWeights(directory, entries, shard);
    for (const { name } of entries) weightMap[name] = shard;
  }
  const index = { metadata: { total_size: 1 }, weight_map: { ...weightMap, ...map } };
  writeFileSync(join(directory, "model.safetensors.index.json"), JSON.stringify(index));
}
