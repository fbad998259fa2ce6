import { UserError } from "../../../formats/error.ts";
import type { JsonFields } from "../jsonFields.ts";
import { MAX_LAYERS, MAX_POSITIONS } from "./configFields.ts";
import { LLAMA, type LlamaConfig, llamaLike } from "./llama.ts";

/** Qwen2 and Qwen2.5 (Yang et al. 2024): Llama with biases on queries, keys and values alone. */
export const qwen2 = llamaLike({
  ...LLAMA,
  name: "Qwen2ForCausalLM",
  modelType: "qwen2",
  defaults: { positions: 32_768 },
  outputBias: false,
  read: (fields) => ({ attentionBias: true, mlpBias: false, ...readWindow(fields) }),
});

/** Where use_sliding_window is set, blocks from max_window_layers on have the window (transformers, Qwen2Config). */
function readWindow(fields: JsonFields): Partial<LlamaConfig> {
  const layers = fields.integer("num_hidden_layers", 1, MAX_LAYERS);
  const windowed = fields.boolean("use_sliding_window", false) && (fields.raw("sliding_window") ?? null) !== null;
  const fromLayer = windowed ? fields.integer("max_window_layers", 0, MAX_LAYERS, 28) : layers;
  requireLayerTypes(fields, layers, fromLayer);
  if (!windowed || fromLayer >= layers) return {};
  return { slidingWindow: { size: fields.integer("sliding_window", 1, MAX_POSITIONS), fromLayer } };
}

/** transformers 5 writes the kind of every block beside the two fields it follows from. */
function requireLayerTypes(fields: JsonFields, layers: number, fromLayer: number): void {
  const types = fields.raw("layer_types") ?? null;
  if (types === null) return;
  const expected = Array.from({ length: layers }, (_, i) => (i < fromLayer ? "full_attention" : "sliding_attention"));
  if (Array.isArray(types) && types.length === layers && types.every((type, i) => type === expected[i])) return;
  throw new UserError(
    `${fields.path}: layer_types other than those of use_sliding_window and max_window_layers are not supported`,
  );
}
