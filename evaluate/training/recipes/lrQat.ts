import { type Recipe, usual } from "../recipe.ts";

/** LR-QAT: the rounded numbers are W₀/s plus a low-rank product in units of the scale; only the product trains, and the scale. */
export const lrQat: Recipe = {
  ...usual,
  id: "lr-qat",
  summary: "a low-rank product inside the rounding, in units of the scale; cross-entropy",
  source: "Bondarenko et al. 2024; Qualcomm-AI-research/lr-qat 8795afe",
  quirks: ["frozen weights are kept in float32; the paper also keeps them in 8 or b bits"],
  format: "int3@row",
  terms: [{ loss: "ce" }],
  weights: {
    latent: { rank: 32, alpha: 1, in: "levels" },
    scale: "learned",
    scaleNorm: { norm: 4, points: 100 },
    straightThrough: "clipped",
  },
  trains: "linears",
  warmup: 0.1,
  betas: [0.9, 0.95],
  rate: 1e-3,
  scaleRate: 0.01,
};
