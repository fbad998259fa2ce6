import type { JsonFields } from "../jsonFields.ts";
import { MAX_POSITIONS } from "./configFields.ts";
import { GEMMA, readGemma } from "./gemma.ts";
import { type LlamaConfig, llamaLike } from "./llama.ts";
import { slidingWindow } from "./slidingWindow.ts";

/** A bound on scores or logits above any that is published (50 and 30), below where float32 loses the small ones. */
const MAX_SOFTCAP = 1e6;

/** Gemma 2 (Gemma Team 2024): norms after both halves too, bounded scores and logits, a window on every other block. */
export const gemma2 = llamaLike({
  ...GEMMA,
  name: "Gemma2ForCausalLM",
  modelType: "gemma2",
  sandwichNorms: true,
  read: readGemma2,
});

function readGemma2(fields: JsonFields): Partial<LlamaConfig> {
  const unlimited = fields.raw("sliding_window") === null;
  const size = unlimited ? null : fields.integer("sliding_window", 1, MAX_POSITIONS, 4096);
  const cap = (key: string, fallback: number) =>
    fields.raw(key) === null ? null : fields.number(key, Number.MIN_VALUE, MAX_SOFTCAP, fallback);
  const [scores, logits] = [cap("attn_logit_softcapping", 50), cap("final_logit_softcapping", 30)];
  return {
    ...readGemma(fields),
    ...slidingWindow(fields, size, (layer) => layer % 2 === 0),
    attentionScale: fields.number("query_pre_attn_scalar", Number.MIN_VALUE, MAX_POSITIONS, 256) ** -0.5,
    ...(scores === null ? {} : { attentionSoftcap: scores }),
    ...(logits === null ? {} : { logitSoftcap: logits }),
  };
}
