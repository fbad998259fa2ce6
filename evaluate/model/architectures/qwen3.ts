import { LLAMA, llamaLike } from "./llama.ts";
import { readQwenWindow } from "./qwen2.ts";

/** Qwen3 (Yang et al. 2025), the dense models: Llama with a norm over each head of queries and keys. */
export const qwen3 = llamaLike({
  ...LLAMA,
  name: "Qwen3ForCausalLM",
  modelType: "qwen3",
  defaults: { positions: 32_768, headDim: 128 },
  headNorms: true,
  read: (fields) => ({ mlpBias: false, ...readQwenWindow(fields) }),
});
