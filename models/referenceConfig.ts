import type { LlamaConfig } from "../evaluate/model/config.ts";
import { REFERENCE_VOCAB_SIZE } from "./prepare-reference.ts";

/** The architecture of the embedded model: rows of 256 hold two groups of 128, so group sizes mean something. */
const HIDDEN = 256;
const FFN = 512;
const LAYERS = 3;
const HEADS = 8;
const KV_HEADS = 2;
const CONTEXT = 256;

export const referenceConfig: LlamaConfig = {
  hiddenSize: HIDDEN,
  intermediateSize: FFN,
  numLayers: LAYERS,
  numHeads: HEADS,
  numKeyValueHeads: KV_HEADS,
  headDim: HIDDEN / HEADS,
  vocabSize: REFERENCE_VOCAB_SIZE,
  maxPositionEmbeddings: CONTEXT,
  rmsNormEps: 1e-5,
  ropeTheta: 10000,
  ropeScaling: null,
  tieWordEmbeddings: true,
  attentionBias: false,
  mlpBias: false,
  hiddenAct: "silu",
  bosTokenId: 0,
  eosTokenId: 0,
};

/** The same as Hugging Face's config.json. */
export function referenceConfigJson(): string {
  const config = {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: HIDDEN,
    intermediate_size: FFN,
    num_hidden_layers: LAYERS,
    num_attention_heads: HEADS,
    num_key_value_heads: KV_HEADS,
    head_dim: HIDDEN / HEADS,
    vocab_size: REFERENCE_VOCAB_SIZE,
    max_position_embeddings: CONTEXT,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: "silu",
    tie_word_embeddings: true,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: 0,
    eos_token_id: 0,
    torch_dtype: "bfloat16",
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Name and shape of every tensor. */
export function referenceShapes(): Map<string, readonly number[]> {
  const kv = (HIDDEN / HEADS) * KV_HEADS;
  const shapes = new Map<string, readonly number[]>([["model.embed_tokens.weight", [REFERENCE_VOCAB_SIZE, HIDDEN]]]);
  for (let layer = 0; layer < LAYERS; layer++) {
    const set = (suffix: string, shape: readonly number[]) => shapes.set(`model.layers.${layer}.${suffix}.weight`, shape);
    set("self_attn.q_proj", [HIDDEN, HIDDEN]);
    set("self_attn.k_proj", [kv, HIDDEN]);
    set("self_attn.v_proj", [kv, HIDDEN]);
    set("self_attn.o_proj", [HIDDEN, HIDDEN]);
    set("mlp.gate_proj", [FFN, HIDDEN]);
    set("mlp.up_proj", [FFN, HIDDEN]);
    set("mlp.down_proj", [HIDDEN, FFN]);
    set("input_layernorm", [HIDDEN]);
    set("post_attention_layernorm", [HIDDEN]);
  }
  return shapes.set("model.norm.weight", [HIDDEN]);
}
