import { type Recipe, usual } from "../recipe.ts";

/** RoLoRA without its rotation: full-precision low-rank training, rounded at the end. */
export const rolora: Recipe = {
  ...usual,
  id: "rolora",
  summary: "full-precision low-rank training, rounded once at the end",
  source: "Huang et al., EMNLP Findings 2024; RoLoRA 0118cb2",
  quirks: [
    "not yet: the rotations, which are most of it",
    "every linear layer gets a product; in the authors' script queries and values alone",
  ],
  format: "int4@row",
  terms: [{ loss: "ce" }],
  weights: { latent: { rank: 16, alpha: 16, in: "weights" }, scale: "none", straightThrough: "identity" },
  trains: "linears",
  schedule: "cosine",
  warmup: 0.01,
  rate: 1e-4,
};
