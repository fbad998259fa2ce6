import { type Recipe, usual } from "../recipe.ts";

/** The format's codebook as a start: its levels are trained with the weights, one set for each matrix. */
export const learnedLevels: Recipe = {
  ...usual,
  id: "learned-levels",
  summary: "distillation on logits with a learned codebook for each matrix",
  source: "the gradient of any4's codebooks (methods.md §0), joined to logit distillation",
  format: "nf3@g64",
  terms: [{ loss: "logit-kd" }],
  weights: { latent: "full", scale: "format", straightThrough: "identity", levels: "learned" },
  rate: 1e-4,
  scaleRate: 1,
};
