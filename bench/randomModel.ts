import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readModelConfig, tensorShapes } from "../evaluate/model/index.ts";
import { writeSafetensors } from "../evaluate/model/writeSafetensors.ts";
import { normals } from "../evaluate/random.ts";

/** What every random model has in its config.json. */
const COMMON = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  vocab_size: 32000,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  hidden_act: "silu",
  tie_word_embeddings: false,
  bos_token_id: 1,
  eos_token_id: 2,
  torch_dtype: "bfloat16",
};

/**
 * Writes a Llama of random weights as a folder in bfloat16, one shard a block, as published models have several: no more than one
 * is in memory. `config` has its sizes. Returns the number of parameters.
 */
export function writeRandomModel(folder: string, config: Readonly<Record<string, unknown>>): number {
  mkdirSync(folder);
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...COMMON, ...config }));
  const normal = normals(1);
  // One table of numbers serves all tensors, from a different place each: 1.1 billion draws would take minutes.
  const table = Float32Array.from({ length: 1 << 22 }, () => 0.02 * normal());
  const shards = new Map<string, { name: string; shape: readonly number[] }[]>();
  for (const [name, shape] of tensorShapes(readModelConfig(folder))) {
    const shard = `model-${/layers\.(\d+)\./.exec(name)?.[1] ?? "rest"}.safetensors`;
    shards.set(shard, [...(shards.get(shard) ?? []), { name, shape }]);
  }
  const weightMap: Record<string, string> = {};
  let count = 0;
  for (const [shard, tensors] of shards) {
    const entries = tensors.map(({ name, shape }) => {
      const data = new Float32Array(shape.reduce((size, length) => size * length, 1));
      for (let at = 0, from = count % 99_991; at < data.length; from = 0) {
        const part = table.subarray(from, from + data.length - at);
        data.set(part, at);
        at += part.length;
      }
      weightMap[name] = shard;
      count += data.length;
      return { name, shape, data };
    });
    writeSafetensors(join(folder, shard), entries, { dtype: "BF16" });
  }
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map: weightMap }));
  return count;
}
