/**
 * @file OPT (Zhang et al. 2022): blocks with LayerNorm before (or, in the 350M model, after) each half, biases
 * everywhere, learned positions that start at row 2, and in the 350M model narrower embeddings with projections.
 */
import { add, embedding, linear, type Value } from "../../graph/index.ts";
import type { JsonFields } from "../jsonFields.ts";
import { type Activation, activations, readActivation } from "./activation.ts";
import type { Architecture, ModelConfig, ModelGraph, TensorSpec } from "./architecture.ts";
import { readCommonFields, readEmbeddingSize, readIntermediateSize, requireSetting, USUAL } from "./configFields.ts";
import { attend, headLogits, learnedPositions, normalize, project, splitHeads } from "./parts.ts";
import { blockSpecs, headSpecs, linearSpecs, normSpecs } from "./specs.ts";

export interface OptConfig extends ModelConfig {
  readonly intermediateSize: number;
  /** Width of the embeddings; where it differs from hiddenSize, project_in and project_out connect the two. */
  readonly embeddingSize: number;
  readonly hiddenAct: Activation;
  readonly normBefore: boolean;
  readonly finalNorm: boolean;
}

const NAME = "OPTForCausalLM";
const EMBEDDING = "model.decoder.embed_tokens.weight";
/** transformers, OPTLearnedPositionalEmbedding: the first two rows are unused. */
const POSITION_OFFSET = 2;
/** torch's default, which OPT does not change. */
const EPS = 1e-5;

export const opt: Architecture<OptConfig> = {
  name: NAME,
  modelType: "opt",
  prefix: "model.",
  dispensable: /(?!)/,
  embedding: EMBEDDING,
  readConfig,
  tensors,
  logits,
};

function readConfig(fields: JsonFields): OptConfig {
  requireSetting(fields, "enable_bias", true);
  requireSetting(fields, "layer_norm_elementwise_affine", true);
  const common = readCommonFields(fields, NAME, { ...USUAL, tied: true });
  const normBefore = fields.boolean("do_layer_norm_before", true);
  return {
    ...common,
    intermediateSize: readIntermediateSize(fields, "ffn_dim"),
    embeddingSize: readEmbeddingSize(fields, "word_embed_proj_dim", common.hiddenSize),
    hiddenAct: readActivation(fields, "activation_function", "relu"),
    normBefore,
    finalNorm: normBefore && !fields.boolean("_remove_final_layer_norm", false),
  };
}

function tensors(config: OptConfig): TensorSpec[] {
  const { hiddenSize: d, intermediateSize, vocabSize, embeddingSize } = config;
  const decoder = "model.decoder";
  const block = (layer: number): TensorSpec[] => {
    const at = `${decoder}.layers.${layer}`;
    return [
      ...normSpecs(`${at}.self_attn_layer_norm`, d),
      ...["q_proj", "k_proj", "v_proj", "out_proj"].flatMap((kind) =>
        linearSpecs(layer, `${at}.self_attn.${kind}`, [d, d]),
      ),
      ...normSpecs(`${at}.final_layer_norm`, d),
      ...linearSpecs(layer, `${at}.fc1`, [intermediateSize, d]),
      ...linearSpecs(layer, `${at}.fc2`, [d, intermediateSize]),
    ];
  };
  const narrow = embeddingSize !== d;
  return [
    { name: EMBEDDING, shape: [vocabSize, embeddingSize] },
    { name: `${decoder}.embed_positions.weight`, shape: [config.maxPositionEmbeddings + POSITION_OFFSET, d] },
    ...(narrow ? [{ name: `${decoder}.project_in.weight`, shape: [d, embeddingSize] }] : []),
    ...blockSpecs(config, block),
    ...(config.finalNorm ? normSpecs(`${decoder}.final_layer_norm`, d) : []),
    ...(narrow ? [{ name: `${decoder}.project_out.weight`, shape: [embeddingSize, d] }] : []),
    ...headSpecs(config, embeddingSize),
  ];
}

function logits(model: ModelGraph, config: OptConfig): Value {
  const { graph, weight } = model;
  const { numHeads, normBefore } = config;
  const decoder = "model.decoder";
  const narrow = config.embeddingSize !== config.hiddenSize;
  const embedded = embedding(graph, weight(EMBEDDING), model.tokens);
  const wide = narrow ? linear(graph, embedded, weight(`${decoder}.project_in.weight`)) : embedded;
  let hidden = add(graph, wide, learnedPositions(model, weight(`${decoder}.embed_positions.weight`), POSITION_OFFSET));
  for (let layer = 0; layer < config.numLayers; layer++) {
    const at = `${decoder}.layers.${layer}`;
    const residual = (module: string, half: (x: Value) => Value) => {
      const norm = (x: Value) => normalize(model, x, `${at}.${module}`, EPS);
      hidden = normBefore ? add(graph, hidden, half(norm(hidden))) : norm(add(graph, hidden, half(hidden)));
    };
    residual("self_attn_layer_norm", (x) => {
      const heads = (kind: string) => splitHeads(model, project(model, x, `${at}.self_attn.${kind}`, true), numHeads);
      const mixed = attend(model, layer, [heads("q_proj"), heads("k_proj"), heads("v_proj")]);
      return project(model, mixed, `${at}.self_attn.out_proj`, true);
    });
    residual("final_layer_norm", (x) => {
      const inner = activations[config.hiddenAct](graph, project(model, x, `${at}.fc1`, true));
      return project(model, inner, `${at}.fc2`, true);
    });
    hidden = model.block?.(layer, hidden) ?? hidden;
  }
  if (config.finalNorm) hidden = normalize(model, hidden, `${decoder}.final_layer_norm`, EPS);
  if (narrow) hidden = linear(graph, hidden, weight(`${decoder}.project_out.weight`));
  return headLogits(model, config, hidden, EMBEDDING);
}
