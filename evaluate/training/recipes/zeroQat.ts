import { type Recipe, usual } from "../recipe.ts";

/** ZeroQAT: two forward passes a step, no gradient; weights and the clip of each group are perturbed together. */
export const zeroQat: Recipe = {
  ...usual,
  id: "zeroqat",
  summary: "forward passes only: simultaneous perturbation of weights and learned clips",
  source: "arXiv 2509.00031; Skilteee/ZeroQAT b79457b",
  quirks: ["without the block-wise start by OmniQuant and its smoothing"],
  format: "int3@row",
  terms: [{ loss: "ce" }],
  weights: { latent: "full", scale: "learned-clip", straightThrough: "clipped" },
  trains: "linears",
  perturbation: { epsilon: 1e-3, samples: 1 },
  schedule: "half-linear",
  clipNorm: Number.POSITIVE_INFINITY,
  rate: 1e-6,
};

/** The light variant: all else is rounded beforehand and stays. */
export const zeroQatLight: Recipe = {
  ...zeroQat,
  id: "zeroqat-light",
  summary: "ZeroQAT of queries and values alone, all else rounded beforehand",
  trains: "queries-values",
};
