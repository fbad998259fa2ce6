/**
 * @file GPT-NeoX (Black et al. 2022), the architecture of Pythia: LayerNorm, a fused projection in which each head's
 * query, key and value lie together, rotary positions on part of each head, and attention beside the feed-forward.
 */
import { add, embedding, rope, type Value } from "../../graph/index.ts";
import type { JsonFields } from "../jsonFields.ts";
import { type Activation, activations, readActivation } from "./activation.ts";
import type { Architecture, ModelConfig, ModelGraph, TensorSpec } from "./architecture.ts";
import { readCommonFields, readIntermediateSize, USUAL } from "./configFields.ts";
import { attend, headLogits, normalize, project, splitInterleaved } from "./parts.ts";
import { type RopeConfig, readRope, readRotaryShare, ropeTables, rotaryDimensions } from "./rotary.ts";
import { blockSpecs, headSpecs, linearSpecs, normSpecs } from "./specs.ts";

export interface GptNeoXConfig extends ModelConfig, RopeConfig {
  readonly intermediateSize: number;
  readonly hiddenAct: Activation;
  readonly layerNormEps: number;
  /** Dimensions of each head that rotate. */
  readonly rotaryDim: number;
  /** Attention and feed-forward both read the block's input; otherwise the feed-forward reads what attention left. */
  readonly parallel: boolean;
  readonly attentionBias: boolean;
}

const NAME = "GPTNeoXForCausalLM";
const EMBEDDING = "gpt_neox.embed_in.weight";

export const gptNeoX: Architecture<GptNeoXConfig> = {
  name: NAME,
  modelType: "gpt_neox",
  prefix: "gpt_neox.",
  dispensable: /\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/,
  embedding: EMBEDDING,
  readConfig,
  tensors,
  logits,
};

function readConfig(fields: JsonFields): GptNeoXConfig {
  const common = readCommonFields(fields, NAME, USUAL);
  return {
    ...common,
    ...readRope(fields, "rotary_emb_base"),
    intermediateSize: readIntermediateSize(fields, "intermediate_size"),
    hiddenAct: readActivation(fields, "hidden_act", "gelu"),
    layerNormEps: fields.number("layer_norm_eps", 0, 1, 1e-5),
    rotaryDim: rotaryDimensions(fields, common.headDim, readRotaryShare(fields, "rotary_pct", 0.25)),
    parallel: fields.boolean("use_parallel_residual", true),
    attentionBias: fields.boolean("attention_bias", true),
  };
}

function tensors(config: GptNeoXConfig): TensorSpec[] {
  const { hiddenSize: d, intermediateSize, vocabSize, attentionBias: bias } = config;
  const block = (layer: number): TensorSpec[] => {
    const at = `gpt_neox.layers.${layer}`;
    return [
      ...normSpecs(`${at}.input_layernorm`, d),
      ...linearSpecs(layer, `${at}.attention.query_key_value`, [3 * d, d], { bias }),
      ...linearSpecs(layer, `${at}.attention.dense`, [d, d], { bias }),
      ...normSpecs(`${at}.post_attention_layernorm`, d),
      ...linearSpecs(layer, `${at}.mlp.dense_h_to_4h`, [intermediateSize, d]),
      ...linearSpecs(layer, `${at}.mlp.dense_4h_to_h`, [d, intermediateSize]),
    ];
  };
  return [
    { name: EMBEDDING, shape: [vocabSize, d] },
    ...blockSpecs(config, block),
    ...normSpecs("gpt_neox.final_layer_norm", d),
    ...headSpecs(config, d),
  ];
}

function logits(model: ModelGraph, config: GptNeoXConfig): Value {
  const { graph, weight } = model;
  const { attentionBias, layerNormEps: eps } = config;
  const table = weight(EMBEDDING);
  const [cos, sin] = ropeTables(model, config, config.rotaryDim, table);
  let hidden = embedding(graph, table, model.tokens);
  for (let layer = 0; layer < config.numLayers; layer++) {
    const at = `gpt_neox.layers.${layer}`;
    const x = normalize(model, hidden, `${at}.input_layernorm`, eps);
    const fused = project(model, x, `${at}.attention.query_key_value`, attentionBias);
    const [q, k, v] = splitInterleaved(model, fused, config.numHeads);
    const mixed = attend(model, layer, [rope(graph, q, cos, sin), rope(graph, k, cos, sin), v]);
    const attended = add(graph, hidden, project(model, mixed, `${at}.attention.dense`, attentionBias));
    const z = normalize(model, config.parallel ? hidden : attended, `${at}.post_attention_layernorm`, eps);
    const inner = activations[config.hiddenAct](graph, project(model, z, `${at}.mlp.dense_h_to_4h`, true));
    hidden = add(graph, attended, project(model, inner, `${at}.mlp.dense_4h_to_h`, true));
    hidden = model.block?.(layer, hidden) ?? hidden;
  }
  const last = normalize(model, hidden, "gpt_neox.final_layer_norm", eps);
  return headLogits(model, config, last, EMBEDDING);
}
