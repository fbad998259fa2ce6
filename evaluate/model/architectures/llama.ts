/**
 * @file The Llama decoder (Touvron et al. 2023) and its relatives as a graph: pre-norm blocks of grouped-query attention
 * with rotary positions and a gated feed-forward. Tensor names and layouts are those of Hugging Face.
 */
import { UserError } from "../../../formats/error.ts";
import { add, embedding, mul, rmsNorm, rope, scalar, type Value } from "../../graph/index.ts";
import type { JsonFields } from "../jsonFields.ts";
import { type Activation, activations, readActivation } from "./activation.ts";
import type { Architecture, ModelConfig, ModelGraph, TensorSpec } from "./architecture.ts";
import { readCommonFields, readIntermediateSize, readKeyValueHeads, USUAL } from "./configFields.ts";
import { attend, headLogits, project, splitHeads } from "./parts.ts";
import { type RopeConfig, readRope, ropeTables, rotaryDimensions } from "./rotary.ts";
import { blockSpecs, headSpecs, linearSpecs } from "./specs.ts";

/** A config.json of Llama or a relative, validated. Sizes in elements, positions in tokens. */
export interface LlamaConfig extends ModelConfig, RopeConfig {
  readonly intermediateSize: number;
  readonly numKeyValueHeads: number;
  readonly rmsNormEps: number;
  /** Biases of the projections to queries, keys and values; the output projection's follow the variant. */
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly hiddenAct: Activation;
  /** Blocks from `fromLayer` on see only the last `size` tokens. */
  readonly slidingWindow?: { readonly size: number; readonly fromLayer: number };
}

/** In what a relative differs from Llama. */
export interface LlamaVariant {
  readonly name: string;
  readonly modelType: string;
  /** Defaults of transformers that differ from Llama's. */
  readonly defaults?: { positions?: number; tied?: boolean };
  /** Config fields that have another meaning or default than Llama's. */
  readonly read?: (fields: JsonFields) => Partial<LlamaConfig>;
  /** The output projection has a bias where queries, keys and values have one. */
  readonly outputBias: boolean;
  /** Norms multiply by 1 + weight in place of weight. */
  readonly onePlusNorm: boolean;
  /** Embeddings are multiplied by √hiddenSize. */
  readonly scaledEmbedding: boolean;
}

export const LINEAR_KINDS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;

export const LLAMA: LlamaVariant = {
  name: "LlamaForCausalLM",
  modelType: "llama",
  outputBias: true,
  onePlusNorm: false,
  scaledEmbedding: false,
};

export function llamaLike(variant: LlamaVariant): Architecture<LlamaConfig> {
  return {
    name: variant.name,
    modelType: variant.modelType,
    prefix: "model.",
    dispensable: /\.rotary_emb\.inv_freq$/,
    readConfig: (fields) => readConfig(fields, variant),
    tensors: (config) => tensors(config, variant),
    logits: (model, config) => logits(model, config, variant),
  };
}

export const llama = llamaLike({ ...LLAMA, read: refuseSlidingWindow });

function readConfig(fields: JsonFields, { name, defaults, read }: LlamaVariant): LlamaConfig {
  if (fields.number("partial_rotary_factor", 0, 1, 1) !== 1) {
    throw new UserError(`${fields.path}: partial_rotary_factor other than 1 is not supported`);
  }
  const { positions = USUAL.defaultPositions, tied = USUAL.tied } = defaults ?? {};
  const common = readCommonFields(fields, name, { ...USUAL, defaultPositions: positions, tied });
  rotaryDimensions(fields, common.headDim);
  const { hiddenSize, numLayers, numHeads, headDim, vocabSize, maxPositionEmbeddings, tieWordEmbeddings } = common;
  // Training checkpoints carry a hash of this object as JSON: with another order of fields they would not resume.
  return {
    architecture: name,
    hiddenSize,
    intermediateSize: readIntermediateSize(fields, "intermediate_size"),
    numLayers,
    numHeads,
    numKeyValueHeads: readKeyValueHeads(fields, numHeads),
    headDim,
    vocabSize,
    maxPositionEmbeddings,
    rmsNormEps: fields.number("rms_norm_eps", 0, 1, 1e-6),
    ...readRope(fields),
    tieWordEmbeddings,
    attentionBias: fields.boolean("attention_bias", false),
    mlpBias: fields.boolean("mlp_bias", false),
    hiddenAct: readActivation(fields, "hidden_act", "silu"),
    bosTokenId: common.bosTokenId,
    eosTokenId: common.eosTokenId,
    dtype: common.dtype,
    ...read?.(fields),
  };
}

/** transformers' Llama would ignore the field; a file that has it means another model. */
function refuseSlidingWindow(fields: JsonFields): Partial<LlamaConfig> {
  if ((fields.raw("sliding_window") ?? null) === null) return {};
  throw new UserError(`${fields.path}: sliding_window attention is not supported in ${LLAMA.name}`);
}

function tensors(config: LlamaConfig, { outputBias }: LlamaVariant): TensorSpec[] {
  const { hiddenSize: d, intermediateSize, vocabSize, attentionBias, mlpBias, headDim } = config;
  const [queries, keys] = [config.numHeads * headDim, config.numKeyValueHeads * headDim];
  const block = (layer: number): TensorSpec[] => {
    const at = `model.layers.${layer}`;
    const attention = (kind: string, rows: number, cols: number, bias = attentionBias) =>
      linearSpecs(layer, `${at}.self_attn.${kind}`, [rows, cols], { bias });
    const feedForward = (kind: string, rows: number, cols: number) =>
      linearSpecs(layer, `${at}.mlp.${kind}`, [rows, cols], { bias: mlpBias });
    return [
      { name: `${at}.input_layernorm.weight`, shape: [d] },
      ...attention("q_proj", queries, d),
      ...attention("k_proj", keys, d),
      ...attention("v_proj", keys, d),
      ...attention("o_proj", d, queries, attentionBias && outputBias),
      { name: `${at}.post_attention_layernorm.weight`, shape: [d] },
      ...feedForward("gate_proj", intermediateSize, d),
      ...feedForward("up_proj", intermediateSize, d),
      ...feedForward("down_proj", d, intermediateSize),
    ];
  };
  return [
    { name: "model.embed_tokens.weight", shape: [vocabSize, d] },
    ...blockSpecs(config, block),
    { name: "model.norm.weight", shape: [d] },
    ...headSpecs(config, d),
  ];
}

function logits(model: ModelGraph, config: LlamaConfig, variant: LlamaVariant): Value {
  const { graph, weight } = model;
  const { attentionBias, mlpBias, headDim, numKeyValueHeads: keyHeads, slidingWindow } = config;
  const table = weight("model.embed_tokens.weight");
  const [cos, sin] = ropeTables(model, config, headDim, table);
  const one = scalar(graph, 1, table.type);
  const norm = (x: Value, name: string) => {
    const w = variant.onePlusNorm ? add(graph, weight(name), one) : weight(name);
    return rmsNorm(graph, x, w, config.rmsNormEps);
  };
  let hidden = embedding(graph, table, model.tokens);
  if (variant.scaledEmbedding) hidden = mul(graph, hidden, scalar(graph, Math.sqrt(config.hiddenSize), table.type));
  for (let layer = 0; layer < config.numLayers; layer++) {
    const at = `model.layers.${layer}`;
    const x = norm(hidden, `${at}.input_layernorm.weight`);
    const heads = (module: string, count: number) =>
      splitHeads(model, project(model, x, `${at}.self_attn.${module}`, attentionBias), count);
    const q = rope(graph, heads("q_proj", config.numHeads), cos, sin);
    const k = rope(graph, heads("k_proj", keyHeads), cos, sin);
    const v = heads("v_proj", keyHeads);
    const window = slidingWindow && layer >= slidingWindow.fromLayer ? { window: slidingWindow.size } : {};
    const mixed = attend(model, layer, [q, k, v], window);
    const bias = attentionBias && variant.outputBias;
    hidden = add(graph, hidden, project(model, mixed, `${at}.self_attn.o_proj`, bias));
    const z = norm(hidden, `${at}.post_attention_layernorm.weight`);
    const gate = activations[config.hiddenAct](graph, project(model, z, `${at}.mlp.gate_proj`, mlpBias));
    const up = project(model, z, `${at}.mlp.up_proj`, mlpBias);
    hidden = add(graph, hidden, project(model, mul(graph, gate, up), `${at}.mlp.down_proj`, mlpBias));
  }
  const last = norm(hidden, "model.norm.weight");
  return headLogits(model, config, last, table);
}
