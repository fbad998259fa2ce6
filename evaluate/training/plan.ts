import { UserError } from "../../formats/error.ts";
import { shuffledWindows } from "./batches.ts";
import { rateShare } from "./recipe.ts";
import type { StepInput } from "./steps.ts";
import type { TrainOptions } from "./train.ts";

/** What the steps of a run are: each follows from its number alone, so that a resumed run sees the same. */
export interface Plan {
  readonly steps: number;
  /** Windows of a step. */
  readonly batch: number;
  /** Steps between two looks at the held-out loss. */
  readonly every: number;
  /** Steps in full precision before rounding begins. */
  readonly warm: number;
  /** Peak learning rate. */
  readonly peak: number;
  /** A step, counted from 0: the windows it learns from, and how. */
  step(step: number): Omit<StepInput, "feeds"> & { readonly chosen: readonly number[] };
}

/** Times the held-out loss is taken over a run. */
const EVALUATIONS = 10;

/**
 * As many whole steps as do not exceed the budget, of fewer windows than asked for where one step alone would. Throws UserError for a
 * budget of less than a window.
 */
export function planOf({ recipe, data, tokens, batch: asked, rate, seed }: TrainOptions): Plan {
  const time = data.context - 1;
  const batch = Math.min(asked, data.count, Math.floor(tokens / time));
  if (batch < 1) throw new UserError(`a budget of ${tokens} tokens is less than one window of ${time}`);
  const steps = Math.floor(tokens / (batch * time));
  const warm = Math.ceil((recipe.fullPrecision ?? 0) * steps);
  const peak = rate ?? recipe.rate;
  const order = shuffledWindows(data.count, batch, seed);
  const lent = (step: number) => recipe.interventions?.find(({ until }) => step < until * steps)?.signal ?? null;
  return {
    steps,
    batch,
    every: Math.max(1, Math.floor(steps / EVALUATIONS)),
    warm,
    peak,
    step: (step) => ({
      chosen: order(step),
      rate: peak * rateShare(recipe.schedule, recipe.warmup, step, steps),
      signal: step < warm ? "full-precision" : lent(step),
      seed: Math.imul(seed + 1, 0x27d4eb2f) + step,
    }),
  };
}
