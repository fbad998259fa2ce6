import { type Recipe, usual } from "../recipe.ts";

/** RoLoRA: the model is rotated, then LoRA is trained in full precision; product, weights and inputs are rounded in the end. */
export const rolora: Recipe = {
  ...usual,
  id: "rolora",
  summary: "low-rank training of the rotated model in full precision, rounded once at the end",
  source: "Huang et al., EMNLP Findings 2024; RoLoRA 0118cb2",
  quirks: [
    "every linear layer gets a product; in the authors' script queries and values alone: rolora-code",
    "here each layer's input is rotated as the model runs; theirs is folded into the weights but for the down projection's: bitfrontier rotate, then this recipe, has both",
    "their rotation subtracts the mean of the embeddings, which changes models of RMS norms; here nothing changes",
    "they round the result by GPTQ too; here to nearest: give what is written to another method",
  ],
  format: "int4@row",
  terms: [{ loss: "ce" }],
  weights: { latent: { rank: 16, alpha: 16, in: "weights" }, scale: "format", straightThrough: "identity" },
  rotation: "all",
  fullPrecision: 1,
  trains: "linears",
  schedule: "cosine",
  warmup: 0.01,
  rate: 1e-4,
};

export const roloraCode: Recipe = {
  ...rolora,
  id: "rolora-code",
  summary: "RoLoRA with the authors' script's products, for queries and values alone",
  trains: "queries-values",
};
