import { type Recipe, usual } from "../recipe.ts";

/** RoSTE without its rotation: cross-entropy straight through the rounding. */
export const roste: Recipe = {
  ...usual,
  id: "roste",
  summary: "cross-entropy straight through the rounding, no rotation chosen",
  source: "Wei et al., ICML 2025",
  quirks: ["not yet: rotations, the choice of them by layer, activations and cache"],
  format: "int4@row",
  terms: [{ loss: "ce" }],
  weights: { latent: "full", scale: "format", straightThrough: "identity" },
  schedule: "cosine",
  rate: 3e-5,
};
