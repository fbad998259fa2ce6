import { UserError } from "../../formats/error.ts";
import type { GgufFile } from "./gguf.ts";
import type { GgufFamily } from "./ggufFamilies.ts";
import { ggufFields } from "./ggufFields.ts";
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
export const ROPE_FACTORS = "rope_freqs.weight";

/** A tensor of a GGUF file as transformers knows it. */
export interface GgufTensor {
  /** Its name in the file. */
  readonly source: string;
  readonly info: TensorInfo;
  /** Heads whose rows are in the order of llama.cpp's rotary embedding; null where rows are as in transformers. */
  readonly rotaryHeads: number | null;
}

/** The tensors of a GGUF file by their names in transformers; a tensor with no such name keeps its own. */
export function ggufTensors(file: GgufFile, family: GgufFamily): Map<string, GgufTensor> {
  const fields = ggufFields(file.path, file.metadata);
  const heads = fields.required(`${family.name}.attention.head_count`, fields.count);
  const keyHeads = fields.count(`${family.name}.attention.head_count_kv`) ?? heads;
  const tensors = new Map<string, GgufTensor>();
  for (const [source, info] of file.tensors) {
    if (source === ROPE_FACTORS) continue;
    const [name, kind] = nameOf(source);
    const headsOf = kind === "attn_q" ? heads : kind === "attn_k" ? keyHeads : null;
    const rotaryHeads = family.rotatesNeighbours ? headsOf : null;
    const rows = info.shape[0] ?? 0;
    if (rotaryHeads !== null && (rotaryHeads === 0 || rows % (2 * rotaryHeads) !== 0)) {
      throw new UserError(`${file.path}: the ${rows} rows of ${source} are no pairs in each of ${rotaryHeads} heads`);
    }
    if (tensors.has(name)) throw new UserError(`${file.path}: two tensors stand for ${JSON.stringify(name)}`);
    tensors.set(name, { source, info, rotaryHeads });
  }
  return tensors;
}

function nameOf(source: string): [name: string, kind: string | null] {
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
