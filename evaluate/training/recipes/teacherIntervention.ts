import { type Recipe, usual } from "../recipe.ts";

/**
 * Teacher Intervention, gradual: for the first steps the student computes with the teacher's attention outputs, then its
 * contexts, then its attention maps, so that errors do not pile up through the blocks; then ordinary training.
 */
export const teacherIntervention: Recipe = {
  ...usual,
  id: "teacher-intervention",
  summary: "the teacher's signals lent to the student for the first tenth of the steps: OI, CI, MI, then none",
  source: "Kim et al., EACL 2023; MarsJacobs/ti-kd-qat e9849cb",
  quirks: [
    "the authors lend for 60 steps (a sixth OI, a sixth CI, the rest MI); here for a tenth of the run, divided alike",
    "architectures with one matrix for queries, keys and values keep the value's gradient under MI",
    "their scales are one for each layer, twn@tensor; here as the format has them",
  ],
  format: "twn",
  terms: [{ loss: "logit-kd" }, { loss: "hidden" }, { loss: "attention" }, { loss: "scores" }],
  weights: { latent: "full", scale: "format", straightThrough: 2.5 },
  activationGradient: { box: 2.5 },
  interventions: [
    { until: 1 / 60, signal: "oi" },
    { until: 2 / 60, signal: "ci" },
    { until: 1 / 10, signal: "mi" },
  ],
  warmup: 0.1,
  weightDecay: 0.01,
  rate: 2e-5,
};

/** The same losses without the intervention: what it is to be compared with. */
export const layerKd: Recipe = {
  ...teacherIntervention,
  id: "layer-kd",
  summary: "logits, hidden states, attention outputs and scores of the teacher, without intervention",
  quirks: [],
  interventions: [],
};
