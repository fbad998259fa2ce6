import { type Recipe, usual } from "../recipe.ts";

/** Quantization-aware distillation for NVFP4: KL from the full-precision model, no label, straight through. */
export const qad: Recipe = {
  ...usual,
  id: "qad",
  summary: "KL(T‖S) on logits through the format's own two-level scales",
  source: "NVIDIA's QAD for NVFP4 models",
  quirks: ["published for weights and activations of NVFP4: take --activation same"],
  format: "nvfp4",
  terms: [{ loss: "forward-kl" }],
  weights: { latent: "full", scale: "format", straightThrough: "identity" },
  schedule: "cosine",
  warmup: 0.05,
  rate: 1e-5,
};
