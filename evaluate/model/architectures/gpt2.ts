/**
 * @file GPT-2 (Radford et al. 2019): pre-norm blocks with LayerNorm, one fused projection to queries, keys and values, and
 * learned positions. Its linear layers are Conv1D modules: checkpoints store [inputs, outputs].
 */
import { add, embedding, slice, type Value } from "../../graph/index.ts";
import type { JsonFields } from "../jsonFields.ts";
import { type Activation, activations, readActivation } from "./activation.ts";
import type { Architecture, ModelConfig, ModelGraph, TensorSpec } from "./architecture.ts";
import { readCommonFields, readIntermediateSize, requireSetting, spelled } from "./configFields.ts";
import { attend, headLogits, learnedPositions, normalize, project, splitHeads } from "./parts.ts";
import { blockSpecs, headSpecs, linearSpecs, normSpecs } from "./specs.ts";

export interface Gpt2Config extends ModelConfig {
  readonly intermediateSize: number;
  readonly hiddenAct: Activation;
  readonly layerNormEps: number;
  /** Scores are divided by √headDim. */
  readonly scaleAttention: boolean;
  /** Scores of block i are divided by i + 1 as well. */
  readonly scaleByLayer: boolean;
}

const NAME = "GPT2LMHeadModel";
const EMBEDDING = "transformer.wte.weight";

export const gpt2: Architecture<Gpt2Config> = {
  name: NAME,
  modelType: "gpt2",
  prefix: "transformer.",
  // The causal mask, which old versions of transformers saved with every block.
  dispensable: /(^|\.)h\.\d+\.attn\.(bias|masked_bias)$/,
  embedding: EMBEDDING,
  readConfig,
  tensors,
  logits,
};

function readConfig(fields: JsonFields): Gpt2Config {
  requireSetting(fields, "add_cross_attention", false);
  const common = readCommonFields(fields, NAME, {
    hiddenSize: spelled(fields, "n_embd", "hidden_size"),
    numLayers: spelled(fields, "n_layer", "num_hidden_layers"),
    numHeads: spelled(fields, "n_head", "num_attention_heads"),
    positions: spelled(fields, "n_positions", "max_position_embeddings"),
    defaultPositions: 1024,
    tied: true,
  });
  return {
    ...common,
    intermediateSize: readIntermediateSize(fields, "n_inner", 4 * common.hiddenSize),
    hiddenAct: readActivation(fields, "activation_function", "gelu_new"),
    layerNormEps: fields.number("layer_norm_epsilon", 0, 1, 1e-5),
    scaleAttention: fields.boolean("scale_attn_weights", true),
    scaleByLayer: fields.boolean("scale_attn_by_inverse_layer_idx", false),
  };
}

function tensors(config: Gpt2Config): TensorSpec[] {
  const { hiddenSize: d, intermediateSize, vocabSize, maxPositionEmbeddings } = config;
  const block = (layer: number): TensorSpec[] => {
    const at = `transformer.h.${layer}`;
    const conv = (module: string, rows: number, cols: number) =>
      linearSpecs(layer, `${at}.${module}`, [rows, cols], { transposed: true });
    return [
      ...normSpecs(`${at}.ln_1`, d),
      ...conv("attn.c_attn", 3 * d, d),
      ...conv("attn.c_proj", d, d),
      ...normSpecs(`${at}.ln_2`, d),
      ...conv("mlp.c_fc", intermediateSize, d),
      ...conv("mlp.c_proj", d, intermediateSize),
    ];
  };
  return [
    { name: EMBEDDING, shape: [vocabSize, d] },
    { name: "transformer.wpe.weight", shape: [maxPositionEmbeddings, d] },
    ...blockSpecs(config, block),
    ...normSpecs("transformer.ln_f", d),
    ...headSpecs(config, d),
  ];
}

function logits(model: ModelGraph, config: Gpt2Config): Value {
  const { graph, weight } = model;
  const { hiddenSize: d, numHeads, headDim, layerNormEps: eps } = config;
  const positions = learnedPositions(model, weight("transformer.wpe.weight"));
  let hidden = add(graph, embedding(graph, weight(EMBEDDING), model.tokens), positions);
  for (let layer = 0; layer < config.numLayers; layer++) {
    const at = `transformer.h.${layer}`;
    const fused = project(model, normalize(model, hidden, `${at}.ln_1`, eps), `${at}.attn.c_attn`, true);
    const part = (i: number) => splitHeads(model, slice(graph, fused, 1, i * d, (i + 1) * d), numHeads);
    const scale = (config.scaleAttention ? headDim ** -0.5 : 1) / (config.scaleByLayer ? layer + 1 : 1);
    const mixed = attend(model, layer, [part(0), part(1), part(2)], { scale });
    hidden = add(graph, hidden, project(model, mixed, `${at}.attn.c_proj`, true));
    const inner = project(model, normalize(model, hidden, `${at}.ln_2`, eps), `${at}.mlp.c_fc`, true);
    const active = activations[config.hiddenAct](graph, inner);
    hidden = add(graph, hidden, project(model, active, `${at}.mlp.c_proj`, true));
    hidden = model.block?.(layer, hidden) ?? hidden;
  }
  const last = normalize(model, hidden, "transformer.ln_f", eps);
  return headLogits(model, config, last, EMBEDDING);
}
