import type { JsonFields } from "../jsonFields.ts";
import { MAX_POSITIONS } from "./configFields.ts";
import { LLAMA, type LlamaConfig, llamaLike } from "./llama.ts";

/** Mistral (Jiang et al. 2023): Llama without biases whose tokens see the last `sliding_window` tokens. */
export const mistral = llamaLike({
  ...LLAMA,
  name: "MistralForCausalLM",
  modelType: "mistral",
  defaults: { positions: 131_072 },
  read: (fields) => ({ attentionBias: false, mlpBias: false, ...readWindow(fields) }),
});

/** A config that does not say has 4096 (transformers, MistralConfig); null means no limit. */
function readWindow(fields: JsonFields): Partial<LlamaConfig> {
  if (fields.raw("sliding_window") === null) return {};
  return { slidingWindow: { size: fields.integer("sliding_window", 1, MAX_POSITIONS, 4096), fromLayer: 0 } };
}
