import { UserError } from "../../formats/error.ts";
import type { GgufFile } from "./gguf.ts";
import { type GgufFields, ggufFields } from "./ggufFields.ts";
import { llama3Scaling } from "./ggufRope.ts";
import type { TensorInfo } from "./safetensorsHeader.ts";

/** The tensors of a block by their names in GGUF (gguf-py, constants.py) and in transformers (modeling_llama.py). */
const BLOCK_NAMES: ReadonlyMap<string, string> = new Map([
  ["attn_norm", "input_layernorm"],
  ["attn_q", "self_attn.q_proj"],
  ["attn_k", "self_attn.k_proj"],
  ["attn_v", "self_attn.v_proj"],
  ["attn_output", "self_attn.o_proj"],
  ["ffn_norm", "post_attention_layernorm"],
  ["ffn_gate", "mlp.gate_proj"],
  ["ffn_up", "mlp.up_proj"],
  ["ffn_down", "mlp.down_proj"],
]);
const OUTER_NAMES: ReadonlyMap<string, string> = new Map([
  ["token_embd.weight", "model.embed_tokens.weight"],
  ["output_norm.weight", "model.norm.weight"],
  ["output.weight", "lm_head.weight"],
]);
/** Frequency factors: part of the configuration, not a weight. */
const ROPE_FACTORS = "rope_freqs.weight";

/** Keys of a Llama that are either read below or change nothing that is computed. */
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

/** A tensor of a GGUF Llama as transformers knows it. */
export interface LlamaTensor {
  /** Its name in the file. */
  readonly source: string;
  readonly info: TensorInfo;
  /** Heads whose rows are in the order of llama.cpp's rotary embedding; null where rows are as in transformers. */
  readonly rotaryHeads: number | null;
}

export function isGgufLlama(file: GgufFile): boolean {
  return file.metadata.get("general.architecture") === "llama";
}

/** The tensors of a GGUF Llama by their names in transformers; a tensor with no such name keeps its own. */
export function ggufLlamaTensors(file: GgufFile): Map<string, LlamaTensor> {
  const fields = ggufFields(file.path, file.metadata);
  const heads = fields.required("llama.attention.head_count", fields.count);
  const keyHeads = fields.count("llama.attention.head_count_kv") ?? heads;
  const tensors = new Map<string, LlamaTensor>();
  for (const [source, info] of file.tensors) {
    if (source === ROPE_FACTORS) continue;
    const [name, kind] = llamaName(source);
    const rotaryHeads = kind === "attn_q" ? heads : kind === "attn_k" ? keyHeads : null;
    const rows = info.shape[0] ?? 0;
    if (rotaryHeads !== null && (rotaryHeads === 0 || rows % (2 * rotaryHeads) !== 0)) {
      throw new UserError(`${file.path}: the ${rows} rows of ${source} are no pairs in each of ${rotaryHeads} heads`);
    }
    if (tensors.has(name)) throw new UserError(`${file.path}: two tensors stand for ${JSON.stringify(name)}`);
    tensors.set(name, { source, info, rotaryHeads });
  }
  return tensors;
}

function llamaName(source: string): [name: string, kind: string | null] {
  const match = /^blk\.(\d{1,6})\.([a-z_]+)\.(weight|bias)$/.exec(source);
  const module = match === null ? undefined : BLOCK_NAMES.get(match[2]!);
  if (match === null || module === undefined) return [OUTER_NAMES.get(source) ?? source, null];
  return [`model.layers.${Number(match[1])}.${module}.${match[3]}`, match[2]!];
}

/**
 * Puts the rows of q_proj and k_proj back in the order of transformers, in place. llama.cpp rotates neighbouring rows,
 * transformers row i with row i + d/2 of a head, so the conversion interleaved the halves (convert_hf_to_gguf.py,
 * LlamaModel.permute): row 2i + j of the file is row j·d/2 + i.
 */
export function undoRotaryOrder(data: Float32Array, rows: number, heads: number): void {
  if (rows === 0) return;
  const cols = data.length / rows;
  const headRows = rows / heads;
  const half = headRows / 2;
  const head = new Float32Array(headRows * cols);
  for (let h = 0; h < heads; h++) {
    const start = h * headRows * cols;
    head.set(data.subarray(start, start + head.length));
    for (let row = 0; row < headRows; row++) {
      const from = ((row % half) * 2 + Math.floor(row / half)) * cols;
      data.set(head.subarray(from, from + cols), start + row * cols);
    }
  }
}

/**
 * config.json as transformers would have it for this file.
 * @throws UserError naming the key that is missing, or that changes the computation in a way not supported
 */
export function ggufLlamaConfig(file: GgufFile): Record<string, unknown> {
  const fields = ggufFields(file.path, file.metadata);
  refuseVariants(file.path, fields);
  const size = (key: string): number => fields.required(`llama.${key}`, fields.count);
  const tensors = ggufLlamaTensors(file);
  const heads = size("attention.head_count");
  const hidden = size("embedding_length");
  const headDim = fields.count("llama.attention.key_length") ?? hidden / heads;
  for (const key of ["llama.attention.value_length", "llama.rope.dimension_count"]) {
    const value = fields.count(key) ?? headDim;
    if (value !== headDim)
      throw new UserError(`${file.path}: ${key} ${value} beside heads of ${headDim} is not supported`);
  }
  const embedding = tensors.get("model.embed_tokens.weight");
  if (embedding === undefined) throw new UserError(`${file.path}: tensor token_embd.weight is missing`);
  const base = fields.number("llama.rope.freq_base") ?? 10_000;
  const factors = file.tensors.has(ROPE_FACTORS) ? file.readFloat32(ROPE_FACTORS) : null;
  const context = size("context_length");
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: hidden,
    intermediate_size: size("feed_forward_length"),
    num_hidden_layers: size("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: fields.count("llama.attention.head_count_kv") ?? heads,
    head_dim: headDim,
    vocab_size: embedding.info.shape[0] ?? 0,
    max_position_embeddings: context,
    rms_norm_eps: shortest(fields.required("llama.attention.layer_norm_rms_epsilon", fields.number)),
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
function refuseVariants(path: string, fields: GgufFields): void {
  for (const key of fields.keys()) {
    if (key.startsWith("llama.") && !KNOWN_KEYS.has(key.slice("llama.".length))) {
      throw new UserError(`${path}: the setting ${JSON.stringify(key.slice(0, 100))} is not supported`);
    }
  }
  const experts = fields.count("llama.expert_count") ?? 0;
  if (experts > 0) throw new UserError(`${path}: a mixture of ${experts} experts is not supported`);
  const scaling = fields.text("llama.rope.scaling.type") ?? "none";
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
