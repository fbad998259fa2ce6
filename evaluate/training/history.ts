import { UserError } from "../../formats/error.ts";
import type { HistoryEntry } from "./log.ts";
import { isLogitLoss } from "./objective.ts";
import type { Progress } from "./trainingCheckpoint.ts";

/** The state of a run that a checkpoint keeps beside its arrays. */
export interface Running extends Progress {
  best: { step: number; heldoutLoss: number };
  history: HistoryEntry[];
  /** Of the steps since the last line of the history. */
  sums: Record<string, number>;
  norms: number;
  /** Terms of the first step. */
  first: Record<string, number>;
}

/** A run before its first step, given the held-out loss of its start. */
export function begun(heldoutLoss: number): Running {
  return { step: 0, seconds: 0, best: { step: 0, heldoutLoss }, history: [], sums: {}, norms: 0, first: {} };
}

/** Adds up what a step measured. Throws UserError where a term has risen by more than ln(vocabulary). */
export function note(
  progress: Running,
  terms: Readonly<Record<string, number>>,
  gradNorm: number,
  vocab: number,
  at: string,
): void {
  for (const [name, value] of Object.entries(terms)) {
    progress.first[name] ??= value;
    progress.sums[name] = (progress.sums[name] ?? 0) + value;
    const limit = progress.first[name]! + Math.log(vocab);
    if (isLogitLoss(name) && value > limit)
      throw new UserError(
        `${at}: term ${name} is ${value.toFixed(3)} nats per token after ${progress.first[name]!.toFixed(3)} at the first; lower the rate`,
      );
  }
  progress.norms += gradNorm;
}

/** The means since the last line, which then begin anew. */
export function flush(progress: Running): { step: number; terms: Record<string, number>; gradNorm: number } {
  const steps = progress.step - (progress.history.at(-1)?.step ?? 0);
  const terms = Object.fromEntries(Object.entries(progress.sums).map(([name, sum]) => [name, sum / steps]));
  const gradNorm = progress.norms / steps;
  progress.sums = {};
  progress.norms = 0;
  return { step: progress.step, terms, gradNorm };
}
