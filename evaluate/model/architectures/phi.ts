/**
 * @file Phi-1, Phi-1.5 and Phi-2 (Gunasekar et al. 2023): one LayerNorm a block, read by attention and feed-forward side
 * by side, rotary positions on part of each head, biases everywhere, on the head too.
 */
import { add, embedding, rope, type Value } from "../../graph/index.ts";
import type { JsonFields } from "../jsonFields.ts";
import { type Activation, activations, readActivation } from "./activation.ts";
import type { Architecture, ModelConfig, ModelGraph, TensorSpec } from "./architecture.ts";
import { readCommonFields, readIntermediateSize, readKeyValueHeads, requireSetting, USUAL } from "./configFields.ts";
import { attend, headLogits, normalize, project, splitHeads } from "./parts.ts";
import { type RopeConfig, readRope, readRotaryShare, ropeTables, rotaryDimensions } from "./rotary.ts";
import { blockSpecs, headSpecs, linearSpecs, normSpecs } from "./specs.ts";

export interface PhiConfig extends ModelConfig, RopeConfig {
  readonly intermediateSize: number;
  readonly numKeyValueHeads: number;
  readonly hiddenAct: Activation;
  readonly layerNormEps: number;
  /** Dimensions of each head that rotate. */
  readonly rotaryDim: number;
}

const NAME = "PhiForCausalLM";
const EMBEDDING = "model.embed_tokens.weight";

export const phi: Architecture<PhiConfig> = {
  name: NAME,
  modelType: "phi",
  prefix: "model.",
  dispensable: /\.rotary_emb\.inv_freq$/,
  embedding: EMBEDDING,
  readConfig,
  tensors,
  logits,
};

function readConfig(fields: JsonFields): PhiConfig {
  requireSetting(fields, "qk_layernorm", false);
  const common = readCommonFields(fields, NAME, USUAL);
  return {
    ...common,
    ...readRope(fields),
    intermediateSize: readIntermediateSize(fields, "intermediate_size"),
    numKeyValueHeads: readKeyValueHeads(fields, common.numHeads),
    hiddenAct: readActivation(fields, "hidden_act", "gelu_new"),
    layerNormEps: fields.number("layer_norm_eps", 0, 1, 1e-5),
    rotaryDim: rotaryDimensions(fields, common.headDim, readRotaryShare(fields, "partial_rotary_factor", 0.5)),
  };
}

function tensors(config: PhiConfig): TensorSpec[] {
  const { hiddenSize: d, intermediateSize, vocabSize, headDim } = config;
  const [queries, keys] = [config.numHeads * headDim, config.numKeyValueHeads * headDim];
  const block = (layer: number): TensorSpec[] => {
    const at = `model.layers.${layer}`;
    return [
      ...normSpecs(`${at}.input_layernorm`, d),
      ...linearSpecs(layer, `${at}.self_attn.q_proj`, [queries, d]),
      ...linearSpecs(layer, `${at}.self_attn.k_proj`, [keys, d]),
      ...linearSpecs(layer, `${at}.self_attn.v_proj`, [keys, d]),
      ...linearSpecs(layer, `${at}.self_attn.dense`, [d, queries]),
      ...linearSpecs(layer, `${at}.mlp.fc1`, [intermediateSize, d]),
      ...linearSpecs(layer, `${at}.mlp.fc2`, [d, intermediateSize]),
    ];
  };
  return [
    { name: EMBEDDING, shape: [vocabSize, d] },
    ...blockSpecs(config, block),
    ...normSpecs("model.final_layernorm", d),
    ...headSpecs(config, d),
    { name: "lm_head.bias", shape: [vocabSize] },
  ];
}

function logits(model: ModelGraph, config: PhiConfig): Value {
  const { graph, weight } = model;
  const table = weight(EMBEDDING);
  const [cos, sin] = ropeTables(model, config, config.rotaryDim, table);
  let hidden = embedding(graph, table, model.tokens);
  for (let layer = 0; layer < config.numLayers; layer++) {
    const at = `model.layers.${layer}`;
    const x = normalize(model, hidden, `${at}.input_layernorm`, config.layerNormEps);
    const heads = (kind: string, count: number) =>
      splitHeads(model, project(model, x, `${at}.self_attn.${kind}`, true), count);
    const q = rope(graph, heads("q_proj", config.numHeads), cos, sin);
    const k = rope(graph, heads("k_proj", config.numKeyValueHeads), cos, sin);
    const mixed = attend(model, layer, [q, k, heads("v_proj", config.numKeyValueHeads)]);
    const attended = add(graph, hidden, project(model, mixed, `${at}.self_attn.dense`, true));
    const inner = activations[config.hiddenAct](graph, project(model, x, `${at}.mlp.fc1`, true));
    hidden = add(graph, attended, project(model, inner, `${at}.mlp.fc2`, true));
    hidden = model.block?.(layer, hidden) ?? hidden;
  }
  const last = normalize(model, hidden, "model.final_layernorm", config.layerNormEps);
  return headLogits(model, config, last, EMBEDDING, (logits) => add(graph, logits, weight("lm_head.bias")));
}
