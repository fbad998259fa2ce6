/**
 * @file The Llama decoder (Touvron et al. 2023) and its relatives as a graph: pre-norm blocks of grouped-query attention
 * with rotary positions and a gated feed-forward. Tensor names and layouts are those of Hugging Face.
 */
import { UserError } from "../../../formats/error.ts";
import {
  type AttentionOptions,
  add,
  div,
  embedding,
  mul,
  rmsNorm,
  rope,
  scalar,
  tanh,
  type Value,
} from "../../graph/index.ts";
import type { JsonFields } from "../jsonFields.ts";
import { type Activation, activations, readActivation } from "./activation.ts";
import type { Architecture, ModelConfig, ModelGraph, ResidualStream, TensorSpec } from "./architecture.ts";
import { readCommonFields, readIntermediateSize, readKeyValueHeads, USUAL } from "./configFields.ts";
import { attend, headLogits, project, splitHeads } from "./parts.ts";
import { type RopeConfig, readRope, readRotaryShare, ropeTables, rotaryDimensions } from "./rotary.ts";
import type { SlidingWindow } from "./slidingWindow.ts";
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
  readonly slidingWindow?: SlidingWindow;
  /** Factor of attention scores; 1/√headDim when absent. */
  readonly attentionScale?: number;
  /** Scores and logits x become softcap · tanh(x / softcap). */
  readonly attentionSoftcap?: number;
  readonly logitSoftcap?: number;
}

/** In what a relative differs from Llama. */
export interface LlamaVariant {
  readonly name: string;
  readonly modelType: string;
  /** Defaults of transformers that differ from Llama's. */
  readonly defaults?: { readonly positions?: number; readonly tied?: boolean; readonly headDim?: number };
  /** Config fields that have another meaning or default than Llama's. */
  readonly read?: (fields: JsonFields) => Partial<LlamaConfig>;
  /** The output projection has a bias where queries, keys and values have one. */
  readonly outputBias: boolean;
  /** Norms multiply by 1 + weight in place of weight. */
  readonly onePlusNorm: boolean;
  /** Embeddings are multiplied by √hiddenSize. */
  readonly scaledEmbedding: boolean;
  /** Queries and keys are normalized over each head before they rotate. */
  readonly headNorms: boolean;
  /** What attention and feed-forward yield is normalized before it is added. */
  readonly sandwichNorms: boolean;
}

const EMBEDDING = "model.embed_tokens.weight";

export const LINEAR_KINDS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;

export const LLAMA: LlamaVariant = {
  name: "LlamaForCausalLM",
  modelType: "llama",
  outputBias: true,
  onePlusNorm: false,
  scaledEmbedding: false,
  headNorms: false,
  sandwichNorms: false,
};

export function llamaLike(variant: LlamaVariant): Architecture<LlamaConfig> {
  return {
    name: variant.name,
    modelType: variant.modelType,
    prefix: "model.",
    dispensable: /\.rotary_emb\.inv_freq$/,
    embedding: EMBEDDING,
    readConfig: (fields) => readConfig(fields, variant),
    tensors: (config) => tensors(config, variant),
    logits: (model, config) => logits(model, config, variant),
    residual: (config) => residual(config, variant),
  };
}

export const llama = llamaLike({ ...LLAMA, read: refuseSlidingWindow });

function readConfig(fields: JsonFields, { name, defaults, read }: LlamaVariant): LlamaConfig {
  if (readRotaryShare(fields, "partial_rotary_factor", 1) !== 1) {
    throw new UserError(`${fields.path}: partial_rotary_factor other than 1 is not supported`);
  }
  const {
    positions: defaultPositions = USUAL.defaultPositions,
    tied = USUAL.tied,
    headDim: defaultHeadDim,
  } = defaults ?? {};
  const spelling = { ...USUAL, defaultPositions, tied, ...(defaultHeadDim && { defaultHeadDim }) };
  const common = readCommonFields(fields, name, spelling);
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

function tensors(config: LlamaConfig, { outputBias, headNorms, sandwichNorms }: LlamaVariant): TensorSpec[] {
  const { hiddenSize: d, intermediateSize, vocabSize, attentionBias, mlpBias, headDim } = config;
  const [queries, keys] = [config.numHeads * headDim, config.numKeyValueHeads * headDim];
  const block = (layer: number): TensorSpec[] => {
    const at = `model.layers.${layer}`;
    const norm = (module: string, size = d): TensorSpec => ({ name: `${at}.${module}.weight`, shape: [size] });
    const attention = (kind: string, rows: number, cols: number, bias = attentionBias) =>
      linearSpecs(layer, `${at}.self_attn.${kind}`, [rows, cols], { bias });
    const feedForward = (kind: string, rows: number, cols: number) =>
      linearSpecs(layer, `${at}.mlp.${kind}`, [rows, cols], { bias: mlpBias });
    return [
      norm("input_layernorm"),
      ...attention("q_proj", queries, d),
      ...attention("k_proj", keys, d),
      ...attention("v_proj", keys, d),
      ...(headNorms ? [norm("self_attn.q_norm", headDim), norm("self_attn.k_norm", headDim)] : []),
      ...attention("o_proj", d, queries, attentionBias && outputBias),
      norm("post_attention_layernorm"),
      ...(sandwichNorms ? [norm("pre_feedforward_layernorm")] : []),
      ...feedForward("gate_proj", intermediateSize, d),
      ...feedForward("up_proj", intermediateSize, d),
      ...feedForward("down_proj", d, intermediateSize),
      ...(sandwichNorms ? [norm("post_feedforward_layernorm")] : []),
    ];
  };
  return [
    { name: EMBEDDING, shape: [vocabSize, d] },
    ...blockSpecs(config, block),
    { name: "model.norm.weight", shape: [d] },
    ...headSpecs(config, d),
  ];
}

function residual({ numLayers }: LlamaConfig, { onePlusNorm, sandwichNorms }: LlamaVariant): ResidualStream | null {
  if (sandwichNorms) return null;
  const blocks = Array.from({ length: numLayers }, (_, layer) => `model.layers.${layer}`);
  const weight = (at: string, ...modules: string[]) => modules.map((module) => `${at}.${module}.weight`);
  return {
    gainOffset: onePlusNorm ? 1 : 0,
    readers: blocks.flatMap((at) => [
      {
        norm: `${at}.input_layernorm.weight`,
        weights: weight(at, "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
      },
      { norm: `${at}.post_attention_layernorm.weight`, weights: weight(at, "mlp.gate_proj", "mlp.up_proj") },
    ]),
    writers: blocks.flatMap((at) => weight(at, "self_attn.o_proj", "mlp.down_proj")),
    lastNorm: "model.norm.weight",
    values: blocks.map((at) => ({ value: `${at}.self_attn.v_proj.weight`, output: `${at}.self_attn.o_proj.weight` })),
  };
}

function logits(model: ModelGraph, config: LlamaConfig, variant: LlamaVariant): Value {
  const { graph, weight } = model;
  const { headNorms, sandwichNorms } = variant;
  const { attentionBias, mlpBias, headDim, numKeyValueHeads: keyHeads } = config;
  const table = weight(EMBEDDING);
  const [cos, sin] = ropeTables(model, config, headDim, table);
  const one = scalar(graph, 1, table.type);
  const norm = (x: Value, module: string) => {
    const w = weight(`${module}.weight`);
    return rmsNorm(graph, x, variant.onePlusNorm ? add(graph, w, one) : w, config.rmsNormEps);
  };
  let hidden = embedding(graph, table, model.tokens);
  if (variant.scaledEmbedding) hidden = mul(graph, hidden, scalar(graph, Math.sqrt(config.hiddenSize), table.type));
  for (let layer = 0; layer < config.numLayers; layer++) {
    const at = `model.layers.${layer}`;
    const x = norm(hidden, `${at}.input_layernorm`);
    const heads = (kind: string, count: number) =>
      splitHeads(model, project(model, x, `${at}.self_attn.${kind}_proj`, attentionBias), count);
    const rotated = (kind: string, count: number) => {
      const y = heads(kind, count);
      return rope(graph, headNorms ? norm(y, `${at}.self_attn.${kind}_norm`) : y, cos, sin);
    };
    const qkv = [rotated("q", config.numHeads), rotated("k", keyHeads), heads("v", keyHeads)] as const;
    const mixed = attend(model, layer, qkv, attentionOptions(config, layer));
    const attended = project(model, mixed, `${at}.self_attn.o_proj`, attentionBias && variant.outputBias);
    hidden = add(graph, hidden, sandwichNorms ? norm(attended, `${at}.post_attention_layernorm`) : attended);
    const z = norm(hidden, `${at}.${sandwichNorms ? "pre_feedforward" : "post_attention"}_layernorm`);
    const gate = activations[config.hiddenAct](graph, project(model, z, `${at}.mlp.gate_proj`, mlpBias));
    const up = project(model, z, `${at}.mlp.up_proj`, mlpBias);
    const fed = project(model, mul(graph, gate, up), `${at}.mlp.down_proj`, mlpBias);
    hidden = add(graph, hidden, sandwichNorms ? norm(fed, `${at}.post_feedforward_layernorm`) : fed);
    hidden = model.block?.(layer, hidden) ?? hidden;
  }
  return headLogits(model, config, norm(hidden, "model.norm"), EMBEDDING, (scores) => {
    if (config.logitSoftcap === undefined) return scores;
    const cap = scalar(graph, config.logitSoftcap, table.type);
    return mul(graph, tanh(graph, div(graph, scores, cap)), cap);
  });
}

function attentionOptions(config: LlamaConfig, layer: number): AttentionOptions {
  const { attentionScale: scale, attentionSoftcap: softcap, slidingWindow } = config;
  return {
    ...(scale === undefined ? {} : { scale }),
    ...(softcap === undefined ? {} : { softcap }),
    ...(slidingWindow?.layers.includes(layer) ? { window: slidingWindow.size } : {}),
  };
}
