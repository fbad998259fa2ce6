import type { RoundingGradient } from "../graph/index.ts";
import type { Intervention } from "./layerTaps.ts";
import type { Term } from "./objective.ts";
import type { WeightRule } from "./weights/index.ts";

/** How the learning rate goes, as a share of its peak: `half-linear` ends at a half (ZeroQAT). */
export type ScheduleShape = "constant" | "linear" | "cosine" | "half-linear";

/**
 * A published way to retrain a model with few-bit weights, as data: what is minimised, how gradients pass the rounding, and
 * how the optimizer goes. A recipe never names a format it depends on; `format` is only the one it was published with.
 */
export interface Recipe {
  readonly id: string;
  readonly summary: string;
  readonly source: string;
  /** What differs between code and paper, and what is left out here. */
  readonly quirks: readonly string[];
  readonly format: string;
  readonly terms: readonly Term[];
  /** How γ of CAKLD is found: the teacher's mean probability of the label (paper), its mean largest probability, or that as the code counts. */
  readonly gamma?: Gamma;
  readonly weights: WeightRule;
  /** What the gradient of rounding activations and cache is taken to be, where a run rounds them; the identity when absent. */
  readonly activationGradient?: RoundingGradient;
  /**
   * What is set where the layer's output is then least wrong: weights, by clamping them (BitDistiller), or where learned clips begin
   * (ZeroQAT).
   */
  readonly start?: "asymmetric-clip" | "output-clip";
  /**
   * Inputs and weights are turned by a random Hadamard matrix before either is rounded: of every layer, or of those layers that
   * share an input where both then round better (RoSTE).
   */
  readonly rotation?: "all" | "select";
  /** Shares of a group's extremes, of which each layer takes the one at which its weights round best. */
  readonly clips?: readonly number[];
  /** Keys and values, where a run rounds them, are turned head by head by such a matrix as well. */
  readonly turnsCache?: true;
  /** Activations, where a run rounds them, get one learned range a layer (LSQ) in place of ranges of each token. */
  readonly activationRange?: "learned";
  /** Share of the steps in full precision, before rounding begins: 1 where a model is rounded when it has been trained. */
  readonly fullPrecision?: number;
  /** Everything, the linear layers of the blocks, or those of them that make queries and values; others are rounded all the same. */
  readonly trains: "all" | "linears" | "queries-values";
  /** Peak learning rate as published; of models far larger than the ones here. */
  readonly rate: number;
  /** Factor of the rate for scales, offsets, clips and levels. */
  readonly scaleRate?: number;
  readonly schedule: ScheduleShape;
  /** Share of the steps over which the rate rises. */
  readonly warmup: number;
  readonly betas: readonly [number, number];
  readonly weightDecay: number;
  /** Infinity where the source does not clip. */
  readonly clipNorm: number;
  /** Simultaneous perturbation in place of gradients (ZeroQAT). */
  readonly perturbation?: { readonly epsilon: number; readonly samples: number };
  /** Which of the teacher's signals is lent to the student, up to which share of the steps. */
  readonly interventions?: readonly { readonly until: number; readonly signal: Intervention }[];
}

export type Gamma = "label" | "maxprob" | "maxprob-code";

/** What most recipes share: AdamW as torch has it, without decay, gradients clipped at norm 1. */
export const usual = {
  quirks: [],
  trains: "all",
  schedule: "linear",
  warmup: 0,
  betas: [0.9, 0.999],
  weightDecay: 0,
  clipNorm: 1,
} as const satisfies Partial<Recipe>;

/** Share of the peak rate at `step` of `steps`, counted from 0. */
export function rateShare(shape: ScheduleShape, warmup: number, step: number, steps: number): number {
  const rising = Math.floor(warmup * steps);
  if (step < rising) return (step + 1) / (rising + 1);
  const progress = (step - rising) / Math.max(1, steps - rising);
  if (shape === "linear") return 1 - progress;
  if (shape === "half-linear") return 1 - progress / 2;
  return shape === "cosine" ? (1 + Math.cos(Math.PI * progress)) / 2 : 1;
}
