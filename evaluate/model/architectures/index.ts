import type { Value } from "../../graph/index.ts";
import type { Architecture, ModelConfig, ModelGraph } from "./architecture.ts";
import { bloom } from "./bloom.ts";
import { gemma } from "./gemma.ts";
import { gemma2 } from "./gemma2.ts";
import { gpt2 } from "./gpt2.ts";
import { gptNeoX } from "./gptNeoX.ts";
import { llama } from "./llama.ts";
import { mistral } from "./mistral.ts";
import { opt } from "./opt.ts";
import { phi } from "./phi.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";

/** Every architecture: a new one is its file and a line here. */
export const architectures: readonly Architecture[] = [
  llama,
  mistral,
  qwen2,
  qwen3,
  gemma,
  gemma2,
  gpt2,
  opt,
  gptNeoX,
  phi,
  bloom,
];

/** The declaration that made this config. */
export function architectureOf(config: ModelConfig): Architecture {
  const found = architectures.find(({ name }) => name === config.architecture);
  if (!found) throw new Error(`internal: no architecture ${config.architecture}`);
  return found;
}

/** Logits [batch·time, vocab] of a model, or what `model.head` makes of them. Throws UserError when the context is longer than its table of positions. */
export function modelLogits(model: ModelGraph, config: ModelConfig): Value {
  return architectureOf(config).logits(model, config);
}

export type {
  Architecture,
  DecodingStep,
  ModelConfig,
  ModelGraph,
  ResidualStream,
  TensorSpec,
} from "./architecture.ts";
export { LINEAR_KINDS, type LlamaConfig } from "./llama.ts";
export { HEAD } from "./specs.ts";
