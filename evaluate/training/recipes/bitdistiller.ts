import { type Recipe, usual } from "../recipe.ts";

/**
 * BitDistiller: clamp each group asymmetrically where the layer's output suffers least, then distil from the full-precision
 * model by γ·KL(S‖T) + (1 − γ)·KL(T‖S), gradients passing through the groups' extremes. For N2F3 and asymmetric integers.
 */
export const bitdistiller: Recipe = {
  ...usual,
  id: "bitdistiller",
  summary: "asymmetric clipping, then self-distillation by confidence-aware KL (γ: label probability)",
  source: "Du et al., ACL 2024; DD-DuDa/BitDistiller 9faaab8",
  quirks: [
    "the paper's γ is the mean probability of the label; the code's the mean largest probability, counted over one batch more than it divides by: bitdistiller-code",
    "the code does not shift the loss mask by one position; here every predicted position counts",
    "the paper trains on text that the teacher generates: bitfrontier generate writes such a text; here any will do",
  ],
  format: "n2f3",
  terms: [{ loss: "cakld", reduction: "sum-tokens" }],
  gamma: "label",
  start: "asymmetric-clip",
  weights: { latent: "full", scale: "through", straightThrough: "identity" },
  schedule: "constant",
  rate: 8e-6,
};

export const bitdistillerCode: Recipe = {
  ...bitdistiller,
  id: "bitdistiller-code",
  summary: "BitDistiller with γ as its code computes it",
  gamma: "maxprob-code",
};
