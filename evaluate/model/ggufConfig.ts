import { UserError } from "../../formats/error.ts";
import type { GgufFile } from "./gguf.ts";
import type { GgufFamily } from "./ggufFamilies.ts";
import { type GgufFields, ggufFields } from "./ggufFields.ts";
import { llama3Scaling } from "./ggufRope.ts";
import { ggufTensors, ROPE_FACTORS } from "./ggufTensors.ts";

/** Settings that are either read below or change nothing that is computed. */
const KNOWN_KEYS: ReadonlySet<string> = new Set([
  "attention.head_count",
  "attention.head_count_kv",
  "attention.key_length",
  "attention.layer_norm_rms_epsilon",
  "attention.value_length",
  "block_count",
  "context_length",
  "embedding_length",
  "expert_count",
  "expert_used_count",
  "feed_forward_length",
  "rope.dimension_count",
  "rope.freq_base",
  "rope.scaling.type",
  "tensor_data_layout",
  "vocab_size",
]);

/**
 * config.json as transformers would have it for this file.
 * @throws UserError naming the key that is missing, or that changes the computation in a way not supported
 */
export function ggufConfig(file: GgufFile, family: GgufFamily): Record<string, unknown> {
  const fields = ggufFields(file.path, file.metadata);
  const { name } = family;
  refuseVariants(file.path, fields, name);
  const size = (key: string): number => fields.required(`${name}.${key}`, fields.count);
  const tensors = ggufTensors(file, family);
  const heads = size("attention.head_count");
  const hidden = size("embedding_length");
  const headDim = fields.count(`${name}.attention.key_length`) ?? hidden / heads;
  for (const key of [`${name}.attention.value_length`, `${name}.rope.dimension_count`]) {
    const value = fields.count(key) ?? headDim;
    if (value !== headDim)
      throw new UserError(`${file.path}: ${key} ${value} beside heads of ${headDim} is not supported`);
  }
  const embedding = tensors.get("model.embed_tokens.weight");
  if (embedding === undefined) throw new UserError(`${file.path}: tensor token_embd.weight is missing`);
  const base = fields.number(`${name}.rope.freq_base`) ?? 10_000;
  const factors = file.tensors.has(ROPE_FACTORS) ? file.readFloat32(ROPE_FACTORS) : null;
  const context = size("context_length");
  return {
    architectures: [family.architecture],
    model_type: family.modelType,
    hidden_size: hidden,
    intermediate_size: size("feed_forward_length"),
    num_hidden_layers: size("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: fields.count(`${name}.attention.head_count_kv`) ?? heads,
    head_dim: headDim,
    vocab_size: embedding.info.shape[0] ?? 0,
    max_position_embeddings: context,
    rms_norm_eps: shortest(fields.required(`${name}.attention.layer_norm_rms_epsilon`, fields.number)),
    rope_theta: shortest(base),
    rope_scaling: factors === null ? null : llama3Scaling(file.path, factors, shortest(base), headDim),
    tie_word_embeddings: !tensors.has("lm_head.weight"),
    attention_bias: tensors.has("model.layers.0.self_attn.q_proj.bias"),
    mlp_bias: tensors.has("model.layers.0.mlp.up_proj.bias"),
    hidden_act: "silu",
    bos_token_id: fields.count("tokenizer.ggml.bos_token_id"),
    eos_token_id: fields.count("tokenizer.ggml.eos_token_id"),
  };
}

/** Settings that change what the network computes, known or unknown to us. */
function refuseVariants(path: string, fields: GgufFields, name: string): void {
  for (const key of fields.keys()) {
    if (key.startsWith(`${name}.`) && !KNOWN_KEYS.has(key.slice(name.length + 1))) {
      throw new UserError(`${path}: the setting ${JSON.stringify(key.slice(0, 100))} is not supported`);
    }
  }
  const experts = fields.count(`${name}.expert_count`) ?? 0;
  if (experts > 0) throw new UserError(`${path}: a mixture of ${experts} experts is not supported`);
  const scaling = fields.text(`${name}.rope.scaling.type`) ?? "none";
  if (scaling !== "none") {
    throw new UserError(
      `${path}: rope scaling ${JSON.stringify(scaling.slice(0, 60))} is not supported; supported: none, llama3`,
    );
  }
  const splits = fields.count("split.count") ?? 1;
  if (splits > 1) {
    throw new UserError(`${path} is one of ${splits} parts of a model; join them first: llama-gguf-split --merge`);
  }
}

/** The shortest decimal that rounds to this float32: the file says 9.999999747378752e-06 where the author wrote 1e-5. */
function shortest(value: number): number {
  for (let digits = 1; digits < 10; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === Math.fround(value)) return candidate;
  }
  return value;
}
