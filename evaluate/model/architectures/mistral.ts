import { MAX_POSITIONS } from "./configFields.ts";
import { LLAMA, llamaLike } from "./llama.ts";
import { slidingWindow } from "./slidingWindow.ts";

/** Mistral (Jiang et al. 2023): Llama without biases whose tokens see the last `sliding_window` tokens. */
export const mistral = llamaLike({
  ...LLAMA,
  name: "MistralForCausalLM",
  modelType: "mistral",
  defaults: { positions: 131_072 },
  read(fields) {
    // A file that does not say has 4096 (transformers, MistralConfig); null means no limit.
    const unlimited = fields.raw("sliding_window") === null;
    const size = unlimited ? null : fields.integer("sliding_window", 1, MAX_POSITIONS, 4096);
    return { attentionBias: false, mlpBias: false, ...slidingWindow(fields, size, () => true) };
  },
});
