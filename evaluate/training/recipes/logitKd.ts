import { type Recipe, usual } from "../recipe.ts";

/**
 * Logit distillation as TSLD's code has it under `logit`: the mean over tokens of −Σ p_T ln p_S, scales detached, all
 * gradients pass the rounding.
 */
export const logitKd: Recipe = {
  ...usual,
  id: "logit-kd",
  summary: "distillation on logits, every token alike",
  source: "Hinton et al. 2015; aiha-lab/TSLD a17bbb1, option logit",
  format: "twn",
  terms: [{ loss: "logit-kd" }],
  weights: { latent: "full", scale: "format", straightThrough: "identity" },
  rate: 1e-4,
};
