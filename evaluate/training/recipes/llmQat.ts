import { type Recipe, usual } from "../recipe.ts";

/**
 * LLM-QAT: KL from the teacher, summed over tokens; min-max grids whose scales pass no gradient. The text is meant to be the
 * teacher's own: give windows it generated.
 */
export const llmQat: Recipe = {
  ...usual,
  id: "llm-qat",
  summary: "KL(T‖S) on logits, straight-through everywhere",
  source: "Liu et al., ACL Findings 2024; facebookresearch/LLM-QAT 5ef1289",
  quirks: [
    "the paper's straight-through estimator passes all gradients: this recipe; the code's none where |w| ≥ 2: llm-qat-code",
    "its two-bit grid s = 2 mean|w| (llmqat2) is not a fixed point: rounding the result again moves it",
  ],
  format: "llmqat4",
  terms: [{ loss: "forward-kl", reduction: "sum-tokens" }],
  weights: { latent: "full", scale: "format", straightThrough: "identity" },
  schedule: "cosine",
  rate: 2e-5,
};

export const llmQatCode: Recipe = {
  ...llmQat,
  id: "llm-qat-code",
  summary: "LLM-QAT with the code's box: no gradient where |w| or |x| ≥ 2",
  weights: { latent: "full", scale: "format", straightThrough: 2 },
  activationGradient: { box: 2 },
};
