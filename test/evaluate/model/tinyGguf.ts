import { floats, type GgufTensor, type Meta } from "./writeGguf.ts";

/** A Llama of 2 heads of 4, one key head, width 8, one block, vocabulary 5. */
export function tinyMetadata(changes: Readonly<Record<string, Meta | undefined>> = {}): [string, Meta][] {
  const keys: Record<string, Meta | undefined> = {
    "general.architecture": ["str", "llama"],
    "llama.block_count": ["u32", 1],
    "llama.context_length": ["u32", 64],
    "llama.embedding_length": ["u32", 8],
    "llama.feed_forward_length": ["u32", 12],
    "llama.attention.head_count": ["u32", 2],
    "llama.attention.head_count_kv": ["u32", 1],
    "llama.attention.layer_norm_rms_epsilon": ["f32", 1e-5],
    "llama.rope.freq_base": ["f32", 1e5],
    "llama.rope.dimension_count": ["u32", 4],
    "llama.vocab_size": ["u32", 5],
    "tokenizer.ggml.bos_token_id": ["u32", 1],
    "tokenizer.ggml.eos_token_id": ["u32", 2],
    ...changes,
  };
  return Object.entries(keys).flatMap(([key, value]): [string, Meta][] => (value === undefined ? [] : [[key, value]]));
}

/** Row r, column c of every tensor is 100·r + c. */
export function tinyTensors(): GgufTensor[] {
  const matrix = (name: string, rows: number, cols: number): GgufTensor => ({
    name: `${name}.weight`,
    shape: [rows, cols],
    data: floats(Array.from({ length: rows * cols }, (_, i) => 100 * Math.floor(i / cols) + (i % cols))),
  });
  const vector = (name: string): GgufTensor => ({ name: `${name}.weight`, shape: [8], data: floats(Array(8).fill(1)) });
  return [
    matrix("token_embd", 5, 8),
    vector("blk.0.attn_norm"),
    matrix("blk.0.ffn_down", 8, 12),
    matrix("blk.0.ffn_gate", 12, 8),
    matrix("blk.0.ffn_up", 12, 8),
    vector("blk.0.ffn_norm"),
    matrix("blk.0.attn_k", 4, 8),
    matrix("blk.0.attn_output", 8, 8),
    matrix("blk.0.attn_q", 8, 8),
    matrix("blk.0.attn_v", 4, 8),
    vector("output_norm"),
  ];
}
