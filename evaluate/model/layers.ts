import { UserError } from "../../formats/error.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { LlamaConfig } from "./config.ts";

export const LINEAR_KINDS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;
export type LinearKind = (typeof LINEAR_KINDS)[number];

/** A linear layer of a block: y = W x with W [rows = outputs, cols = inputs]; quantization groups run along the columns. */
export interface LinearLayer {
  /** Name of the weight tensor in the checkpoint. */
  readonly name: string;
  /** Index of the block, from 0. */
  readonly layer: number;
  readonly kind: LinearKind;
  readonly rows: number;
  readonly cols: number;
}

/** Every linear layer of the blocks in the order of computation: the default scope of quantization. */
export function llamaLinears(config: LlamaConfig): LinearLayer[] {
  const { hiddenSize, intermediateSize, numLayers } = config;
  const queries = config.numHeads * config.headDim;
  const keys = config.numKeyValueHeads * config.headDim;
  const sizes: Record<LinearKind, [module: string, rows: number, cols: number]> = {
    q_proj: ["self_attn", queries, hiddenSize],
    k_proj: ["self_attn", keys, hiddenSize],
    v_proj: ["self_attn", keys, hiddenSize],
    o_proj: ["self_attn", hiddenSize, queries],
    gate_proj: ["mlp", intermediateSize, hiddenSize],
    up_proj: ["mlp", intermediateSize, hiddenSize],
    down_proj: ["mlp", hiddenSize, intermediateSize],
  };
  return Array.from({ length: numLayers }, (_, layer) =>
    LINEAR_KINDS.map((kind) => {
      const [module, rows, cols] = sizes[kind];
      return { name: `model.layers.${layer}.${module}.${kind}.weight`, layer, kind, rows, cols };
    }),
  ).flat();
}

/** Name and shape of every tensor of the model (transformers, modeling_llama.py), in the order of computation. */
export function llamaTensorShapes(config: LlamaConfig): Map<string, number[]> {
  const { hiddenSize, vocabSize } = config;
  const shapes = new Map<string, number[]>([["model.embed_tokens.weight", [vocabSize, hiddenSize]]]);
  for (const { name, layer, kind, rows, cols } of llamaLinears(config)) {
    if (kind === "q_proj") shapes.set(`model.layers.${layer}.input_layernorm.weight`, [hiddenSize]);
    if (kind === "gate_proj") shapes.set(`model.layers.${layer}.post_attention_layernorm.weight`, [hiddenSize]);
    shapes.set(name, [rows, cols]);
    const biased = name.includes(".mlp.") ? config.mlpBias : config.attentionBias;
    if (biased) shapes.set(name.replace(/weight$/, "bias"), [rows]);
  }
  shapes.set("model.norm.weight", [hiddenSize]);
  if (!config.tieWordEmbeddings) shapes.set("lm_head.weight", [vocabSize, hiddenSize]);
  return shapes;
}

/**
 * Reads every tensor of a Llama model as float32. All names and shapes are checked before anything is read.
 * @throws UserError naming the file and the tensor that is missing, unknown, of another shape, or not finite
 */
export function loadLlama(checkpoint: Checkpoint, config: LlamaConfig): Map<string, Float32Array<ArrayBuffer>> {
  const shapes = llamaTensorShapes(config);
  for (const [name, expected] of shapes) {
    if (!checkpoint.has(name)) throw new UserError(`${checkpoint.path}: tensor ${name} [${expected}] is missing`);
    const found = checkpoint.info(name).shape;
    if (found.length !== expected.length || !found.every((size, i) => size === expected[i])) {
      throw new UserError(
        `${checkpoint.path}: tensor ${name} has shape [${found}], but config.json implies [${expected}]`,
      );
    }
  }
  for (const name of checkpoint.names()) {
    if (shapes.has(name) || isDispensable(name, config)) continue;
    throw new UserError(
      `${checkpoint.path}: tensor ${JSON.stringify(name)} is no part of the model config.json describes`,
    );
  }
  const weights = new Map<string, Float32Array<ArrayBuffer>>();
  for (const name of shapes.keys()) {
    const data = checkpoint.read(name);
    assertFinite(name, data, checkpoint.path);
    weights.set(name, data);
  }
  return weights;
}

/** Rotary tables are recomputed; a head saved beside tied embeddings is a copy that transformers discards too. */
function isDispensable(name: string, config: LlamaConfig): boolean {
  return name.endsWith(".rotary_emb.inv_freq") || (name === "lm_head.weight" && config.tieWordEmbeddings);
}

/**
 * Refuses NaN and infinities, which safetensors allows and no fit or rounding can use.
 * @throws UserError naming the tensor, how many there are, and where the first is
 */
export function assertFinite(name: string, data: Float32Array, path?: string): void {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  let [nans, infinities, first] = [0, 0, -1];
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i]! & 0x7fffffff;
    if (magnitude < 0x7f800000) continue;
    if (first < 0) first = i;
    if (magnitude === 0x7f800000) infinities++;
    else nans++;
  }
  if (first < 0) return;
  const where = path === undefined ? "" : `${path}: `;
  const counts = `${nans} NaN and ${infinities} infinite values among ${data.length}`;
  throw new UserError(`${where}tensor ${name} is not finite: ${counts}, the first at index ${first}`);
}
