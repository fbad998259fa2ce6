import { type Recipe, usual } from "../recipe.ts";

/** ZeroQAT: two forward passes a step, no gradient; weights and the clip of each group are perturbed together. */
export const zeroQat: Recipe = {
  ...usual,
  id: "zeroqat",
  summary: "forward passes only: simultaneous perturbation of weights and learned clips",
  source: "arXiv 2509.00031; Skilteee/ZeroQAT b79457b",
  quirks: [
    "without OmniQuant's smoothing, and without its start, which trains clips by gradients, block by block: zeroqat-start searches them, layer by layer",
  ],
  format: "int3@row",
  terms: [{ loss: "ce" }],
  weights: { latent: "full", scale: "learned-clip", straightThrough: "clipped" },
  trains: "linears",
  perturbation: { epsilon: 1e-3, samples: 1 },
  schedule: "half-linear",
  clipNorm: Number.POSITIVE_INFINITY,
  rate: 1e-6,
};

/** In the place of OmniQuant's start, a search: each group's clip begins where the layer's output errs least. */
export const zeroQatStart: Recipe = {
  ...zeroQat,
  id: "zeroqat-start",
  summary: "ZeroQAT whose clips begin where each layer's output errs least",
  start: "output-clip",
};

/** The light variant: all else is rounded beforehand and stays. */
export const zeroQatLight: Recipe = {
  ...zeroQat,
  id: "zeroqat-light",
  summary: "ZeroQAT of queries and values alone, all else rounded beforehand",
  trains: "queries-values",
};
