import { type Recipe, usual } from "../recipe.ts";

/** ParetoQ: plain cross-entropy with learned scales. LSQ for one, three and four bits, SEQ for ternary and two bits. */
export const paretoQ: Recipe = {
  ...usual,
  id: "paretoq",
  summary: "cross-entropy with learned scales (LSQ)",
  source: "arXiv 2502.02631; facebookresearch/ParetoQ 655e338",
  format: "int3@row",
  terms: [{ loss: "ce" }],
  weights: { latent: "full", scale: "learned", straightThrough: "clipped" },
  schedule: "cosine",
  rate: 2e-5,
};

/** Stretched elastic quantization: weights are in reach up to 0.99 of the scale, beyond the outermost levels. */
export const paretoQSeq: Recipe = {
  ...paretoQ,
  id: "paretoq-seq",
  summary: "cross-entropy with learned scales, for codebooks without their ends (SEQ: paretoq2, paretoq1.58)",
  format: "paretoq2",
  weights: { latent: "full", scale: "learned", reach: 0.99, straightThrough: "clipped" },
};
