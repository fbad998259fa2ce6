/** One line of a training's history: means since the line before. */
export interface HistoryEntry {
  readonly step: number;
  readonly tokens: number;
  /** Each in its unit of `TrainingLog.units`. */
  readonly terms: Readonly<Record<string, number>>;
  readonly gradNorm: number;
  /** Mean next-token loss on the held-out windows after this step, nats per token. */
  readonly heldoutLoss: number;
}

/** Losses on logits are in nats per token, those on layers in squares of what the layers hold, which no nats correspond to. */
export type TermUnit = "nats per token" | "squared units";

/** What a training did: rows and records carry it. */
export interface TrainingLog {
  readonly recipe: string;
  readonly budget: { readonly tokens: number; readonly seconds: number | null };
  readonly batch: number;
  readonly context: number;
  readonly rate: number;
  readonly seed: number;
  readonly steps: number;
  /** Trained on: at most the budget, of which whole steps are made. */
  readonly tokens: number;
  readonly seconds: number;
  readonly stoppedBy: "budget" | "time" | "held-out loss";
  /** Share of the training's time that quantizing the weights and passing gradients back through it took. */
  readonly quantizeShare: number;
  readonly units: Readonly<Record<string, TermUnit>>;
  /** γ of CAKLD, where a term has one. */
  readonly gamma?: number;
  /** The layers whose inputs and weights are rotated before they are rounded, where a recipe rotates. */
  readonly rotated?: readonly string[];
  /** The learned range of each layer's inputs, as a factor of the format's levels, where a recipe learns them. */
  readonly inputRanges?: Readonly<Record<string, number>>;
  /** The step whose parameters were kept, 0 being the start, by the held-out loss. */
  readonly best: { readonly step: number; readonly heldoutLoss: number };
  readonly history: readonly HistoryEntry[];
}
