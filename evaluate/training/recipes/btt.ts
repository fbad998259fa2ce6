import { type Recipe, usual } from "../recipe.ts";

/** Binary and ternary transformers: statistics for scales, distillation from logits, hidden states and attention scores. */
export const btt: Recipe = {
  ...usual,
  id: "btt",
  summary: "soft cross-entropy, hidden states and attention scores of the teacher, and cross-entropy; equal weights",
  source: "Liu et al., ACL 2023; facebookresearch/Ternary_Binary_Transformer 715407e",
  quirks: [
    "the paper passes a gradient only where |w| is within the scale: btt-paper; the code passes all: this recipe",
    "the paper subtracts each row's mean: formats btt-ternary-paper and btt-binary-paper; the code does not: btt-ternary, btt-binary",
    "the paper compares attention of encoder and decoder; here the scores of the decoder's blocks",
    "its activations of eight bits are clipped at 2.5 before they are rounded; here they are not",
    "its token embeddings are quantized too: --head quant of sweeps rounds those that are the head as well; others stay",
  ],
  format: "btt-ternary",
  terms: [{ loss: "logit-kd" }, { loss: "scores" }, { loss: "hidden" }, { loss: "ce" }],
  weights: { latent: "full", scale: "format", straightThrough: "identity" },
  warmup: 0.05,
  rate: 5e-4,
};

export const bttPaper: Recipe = {
  ...btt,
  id: "btt-paper",
  summary: "BTT with the paper's masked straight-through estimator",
  weights: { latent: "full", scale: "format", straightThrough: "clipped" },
};

/** BTT for activations of one and two bits (W1A1, W2A2): the range of each layer's inputs is learned by LSQ. */
export const bttElastic: Recipe = {
  ...btt,
  id: "btt-elastic",
  summary: "BTT with elastic activations: with --activation, one learned range a layer",
  quirks: [
    ...btt.quirks,
    "what a ReLU puts out takes unsigned levels, as in the paper; the code first takes away the tensor's minimum",
    "ranges begin at the first batch as it runs on rounded weights and exact activations; they are kept in float32",
  ],
  activationRange: "learned",
};
