import { type Recipe, usual } from "../recipe.ts";

/** No teacher: next-token cross-entropy through the format's grid. What the others are measured against. */
export const ce: Recipe = {
  ...usual,
  id: "ce",
  summary: "plain quantization-aware training on next-token cross-entropy",
  source: "the baseline of every paper below",
  format: "twn",
  terms: [{ loss: "ce" }],
  weights: { latent: "full", scale: "format", straightThrough: "identity" },
  rate: 1e-4,
};
