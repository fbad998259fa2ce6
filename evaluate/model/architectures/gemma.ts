import { UserError } from "../../../formats/error.ts";
import { describe, type JsonFields } from "../jsonFields.ts";
import type { Activation } from "./activation.ts";
import { requireSetting } from "./configFields.ts";
import { LLAMA, type LlamaConfig, type LlamaVariant, llamaLike } from "./llama.ts";

/** Gemma (Gemma Team 2024): Llama with scaled embeddings, norms of 1 + weight and a GELU gate. */
export const GEMMA: LlamaVariant = {
  ...LLAMA,
  name: "GemmaForCausalLM",
  modelType: "gemma",
  defaults: { positions: 8192, tied: true, headDim: 256 },
  onePlusNorm: true,
  scaledEmbedding: true,
  read: readGemma,
};

export const gemma = llamaLike(GEMMA);

export function readGemma(fields: JsonFields): Partial<LlamaConfig> {
  requireSetting(fields, "use_bidirectional_attention", false);
  return { mlpBias: false, hiddenAct: readGemmaActivation(fields) };
}

/** The first releases say "gelu" and mean its tanh form (transformers, GemmaConfig and issue 29402). */
function readGemmaActivation(fields: JsonFields): Activation {
  for (const key of ["hidden_act", "hidden_activation"]) {
    const name = fields.text(key);
    if (name === null || name === "gelu" || name === "gelu_pytorch_tanh") continue;
    throw new UserError(`${fields.path}: ${key} ${describe(name)} is not supported in ${GEMMA.name}`);
  }
  return "gelu_tanh";
}
