import { type Recipe, usual } from "../recipe.ts";

const kl = {
  ...usual,
  source: "Du et al., ACL 2024, the two ends of CAKLD",
  format: "n2f3",
  weights: { latent: "full", scale: "format", straightThrough: "identity" },
  rate: 8e-6,
} as const satisfies Partial<Recipe>;

/** CAKLD and its two ends on one rounding, so that only the divergence differs. */
export const forwardKl: Recipe = {
  ...kl,
  id: "forward-kl",
  summary: "distillation by KL(T‖S)",
  terms: [{ loss: "forward-kl" }],
};

export const reverseKl: Recipe = {
  ...kl,
  id: "reverse-kl",
  summary: "distillation by KL(S‖T)",
  terms: [{ loss: "reverse-kl" }],
};

export const cakld: Recipe = {
  ...kl,
  id: "cakld",
  summary: "distillation by confidence-aware KL (γ: label probability), without BitDistiller's clipping",
  terms: [{ loss: "cakld" }],
  gamma: "label",
};
