import { type Recipe, usual } from "../recipe.ts";

/** LR-QAT: the rounded numbers are W₀/s plus a low-rank product in units of the scale; only the product trains, and the scale. */
export const lrQat: Recipe = {
  ...usual,
  id: "lr-qat",
  summary: "a low-rank product inside the rounding, in units of the scale; cross-entropy",
  source: "Bondarenko et al. 2024; Qualcomm-AI-research/lr-qat 8795afe",
  quirks: [
    "frozen weights are kept in float32; in eight bits, as in the authors' script: lr-qat-8bit; the paper has b bits too",
  ],
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

/** The downcast: of the frozen weights over their scale eight bits are kept, a fixed-point number. */
export const lrQat8Bit: Recipe = {
  ...lrQat,
  id: "lr-qat-8bit",
  summary: "LR-QAT with its frozen weights in eight bits of fixed point",
  weights: { ...lrQat.weights, latent: { rank: 32, alpha: 1, in: "levels", frozen: "fixed-point" } },
};
