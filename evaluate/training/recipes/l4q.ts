import { type Recipe, usual } from "../recipe.ts";

/** L4Q: LoRA added before the rounding, W₀ + α·B·A, with LSQ+ scales and offsets; nothing is left to add at inference. */
export const l4q: Recipe = {
  ...usual,
  id: "l4q",
  summary: "LoRA inside the rounding with learned scales and offsets; cross-entropy",
  source: "Jeon et al., ACL 2025; no public code",
  quirks: [
    "LoRA warms up before the rounding begins: no code says for how long, here for the first tenth of the steps",
  ],
  format: "int3@g128",
  terms: [{ loss: "ce" }],
  weights: { latent: { rank: 4, alpha: 4, in: "weights" }, scale: "learned", offset: true, straightThrough: "clipped" },
  fullPrecision: 0.1,
  trains: "linears",
  schedule: "cosine",
  rate: 1e-4,
};
