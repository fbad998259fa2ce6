import type { JsonFields } from "../jsonFields.ts";
import { MAX_LAYERS, MAX_POSITIONS } from "./configFields.ts";
import { LLAMA, llamaLike } from "./llama.ts";
import { type SlidingWindow, slidingWindow } from "./slidingWindow.ts";

/** Qwen2 and Qwen2.5 (Yang et al. 2024): Llama with biases on queries, keys and values alone. */
export const qwen2 = llamaLike({
  ...LLAMA,
  name: "Qwen2ForCausalLM",
  modelType: "qwen2",
  defaults: { positions: 32_768 },
  outputBias: false,
  read: (fields) => ({ attentionBias: true, mlpBias: false, ...readQwenWindow(fields) }),
});

/** Where use_sliding_window is set, blocks from max_window_layers on have the window (transformers, Qwen2Config). */
export function readQwenWindow(fields: JsonFields): { slidingWindow?: SlidingWindow } {
  const windowed = fields.boolean("use_sliding_window", false) && fields.raw("sliding_window") !== null;
  const size = windowed ? fields.integer("sliding_window", 1, MAX_POSITIONS, 4096) : null;
  const from = fields.integer("max_window_layers", 0, MAX_LAYERS, 28);
  return slidingWindow(fields, size, (layer) => windowed && layer >= from);
}
