import { type Recipe, usual } from "../recipe.ts";

/**
 * Token-scaled logit distillation: tokens that the teacher is less sure of weigh more, by a softmax over the window of its
 * cross-entropy of the label at temperature 10. The student's own cross-entropy is added, as in the authors' script.
 */
export const tsld: Recipe = {
  ...usual,
  id: "tsld",
  summary: "token-scaled logit distillation and cross-entropy, on ternary weights (TWN)",
  source: "Kim et al., NeurIPS 2023; aiha-lab/TSLD a17bbb1",
  quirks: [
    "the code sums the distillation term over the windows of a batch (the mean is commented out): this recipe; tsld-mean takes the mean",
    "the code picks the best epoch on its evaluation text; here a held-out split chooses",
    "GPT-2's weights are taken as [outputs, inputs]; the code's row statistics are over its transposed Conv1D",
  ],
  format: "twn",
  terms: [{ loss: "tsld", reduction: "sum-windows" }, { loss: "ce" }],
  weights: { latent: "full", scale: "format", straightThrough: "identity" },
  rate: 1e-4,
};

/** The same with the mean over the batch, so that its size does not move the balance to the cross-entropy. */
export const tsldMean: Recipe = {
  ...tsld,
  id: "tsld-mean",
  summary: "TSLD with the mean over the batch in place of the sum",
  terms: [{ loss: "tsld" }, { loss: "ce" }],
};

/** Token scaling alone, for comparison with logit-kd term by term. */
export const tsldOnly: Recipe = {
  ...tsld,
  id: "tsld-only",
  summary: "token-scaled logit distillation without the cross-entropy, mean over the batch",
  terms: [{ loss: "tsld" }],
};
