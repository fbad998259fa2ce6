/**
 * @file BLOOM (BigScience 2022): ALiBi in place of positions, a LayerNorm on the embeddings, and a fused projection in
 * which each head's query, key and value lie together.
 */
import { add, embedding, type Value } from "../../graph/index.ts";
import type { JsonFields } from "../jsonFields.ts";
import { activations } from "./activation.ts";
import type { Architecture, ModelConfig, ModelGraph, TensorSpec } from "./architecture.ts";
import { readCommonFields, spelled } from "./configFields.ts";
import { attend, headLogits, normalize, project, splitInterleaved } from "./parts.ts";
import { blockSpecs, headSpecs, linearSpecs, normSpecs } from "./specs.ts";

export interface BloomConfig extends ModelConfig {
  readonly layerNormEps: number;
  /** The residual starts from the normalized input of each half. */
  readonly residualAfterNorm: boolean;
}

const NAME = "BloomForCausalLM";
const EMBEDDING = "transformer.word_embeddings.weight";

export const bloom: Architecture<BloomConfig> = {
  name: NAME,
  modelType: "bloom",
  prefix: "transformer.",
  dispensable: /(?!)/,
  embedding: EMBEDDING,
  readConfig,
  tensors,
  logits,
};

function readConfig(fields: JsonFields): BloomConfig {
  const common = readCommonFields(fields, NAME, {
    // The published models mix the names (transformers, BloomConfig.attribute_map).
    hiddenSize: spelled(fields, "n_embed", "hidden_size"),
    numLayers: spelled(fields, "n_layer", "num_hidden_layers"),
    numHeads: spelled(fields, "n_head", "num_attention_heads"),
    // ALiBi has no last position; the published models were trained on 2048.
    positions: "seq_length",
    defaultPositions: 2048,
    tied: true,
  });
  return {
    ...common,
    layerNormEps: fields.number("layer_norm_epsilon", 0, 1, 1e-5),
    residualAfterNorm: fields.boolean("apply_residual_connection_post_layernorm", false),
  };
}

function tensors(config: BloomConfig): TensorSpec[] {
  const { hiddenSize: d, vocabSize } = config;
  const block = (layer: number): TensorSpec[] => {
    const at = `transformer.h.${layer}`;
    return [
      ...normSpecs(`${at}.input_layernorm`, d),
      ...linearSpecs(layer, `${at}.self_attention.query_key_value`, [3 * d, d]),
      ...linearSpecs(layer, `${at}.self_attention.dense`, [d, d]),
      ...normSpecs(`${at}.post_attention_layernorm`, d),
      ...linearSpecs(layer, `${at}.mlp.dense_h_to_4h`, [4 * d, d]),
      ...linearSpecs(layer, `${at}.mlp.dense_4h_to_h`, [d, 4 * d]),
    ];
  };
  return [
    { name: EMBEDDING, shape: [vocabSize, d] },
    ...normSpecs("transformer.word_embeddings_layernorm", d),
    ...blockSpecs(config, block),
    ...normSpecs("transformer.ln_f", d),
    ...headSpecs(config, d),
  ];
}

function logits(model: ModelGraph, config: BloomConfig): Value {
  const { graph, weight } = model;
  const { numHeads, layerNormEps: eps, residualAfterNorm } = config;
  const slopes = alibiSlopes(numHeads);
  const embedded = embedding(graph, weight(EMBEDDING), model.tokens);
  let hidden = normalize(model, embedded, "transformer.word_embeddings_layernorm", eps);
  for (let layer = 0; layer < config.numLayers; layer++) {
    const at = `transformer.h.${layer}`;
    const x = normalize(model, hidden, `${at}.input_layernorm`, eps);
    const fused = project(model, x, `${at}.self_attention.query_key_value`, true);
    const mixed = attend(model, layer, splitInterleaved(model, fused, numHeads), { slopes });
    const attended = project(model, mixed, `${at}.self_attention.dense`, true);
    hidden = add(graph, residualAfterNorm ? x : hidden, attended);
    const z = normalize(model, hidden, `${at}.post_attention_layernorm`, eps);
    const inner = activations.gelu_tanh(graph, project(model, z, `${at}.mlp.dense_h_to_4h`, true));
    hidden = add(graph, residualAfterNorm ? z : hidden, project(model, inner, `${at}.mlp.dense_4h_to_h`, true));
    hidden = model.block?.(layer, hidden) ?? hidden;
  }
  const last = normalize(model, hidden, "transformer.ln_f", eps);
  return headLogits(model, config, last, EMBEDDING);
}

/**
 * ALiBi's slopes (Press et al. 2022, §3): 2^(−8i/n) for n heads, n a power of two; otherwise those of the power of two
 * below, and then every other one of the power above (the authors' code, get_slopes).
 */
export function alibiSlopes(numHeads: number): number[] {
  const below = 2 ** Math.floor(Math.log2(numHeads));
  const first = Array.from({ length: below }, (_, i) => 2 ** ((-8 * (i + 1)) / below));
  const rest = Array.from({ length: numHeads - below }, (_, i) => 2 ** ((-8 * (2 * i + 1)) / (2 * below)));
  return [...first, ...rest];
}
