import type { FoundDevice } from "../engine/devices.ts";
import type { Weights } from "../engine/residence.ts";
import type { SessionOptions } from "../engine/session.ts";
import type { Warn } from "../engine/shrink.ts";
import type { RunningFormats } from "../model/architectures/runningFormats.ts";
import type { LoadedModel } from "../model/loadedModel.ts";
import type { ScoredModel } from "../tasks/index.ts";
import { type ContinuationScorer, createContinuationScorer } from "./continuations.ts";
import { createDivergenceScorer, type DivergenceScorer, type RememberedStates } from "./divergence.ts";
import { createEvaluator, type Evaluator } from "./evaluator.ts";
import { TOKENS_CPU, tokensPerRun } from "./runSize.ts";

/** The compiled model, weights being arguments: each graph is made when a task first asks for it, and kept. */
export interface Scorers {
  /**
   * What a task of windows of `context` tokens scores by: the model with `weights`, beside that of `reference`. Of the
   * latter's layers what counts is how they were when the windows were remembered, at the latest at their first score.
   */
  model(reference: Weights, weights: Weights, context: number, tell?: (step: string) => void): ScoredModel;
  release(): Promise<void>;
}

/** What runs are as large as. */
export interface RunSizeOptions {
  /** Batches follow its memory; without it they are those of the CPU. */
  device?: FoundDevice;
  /** No task has more windows than this; null for no limit. */
  mostWindows?: number | null;
}

/** The model, at full precision or in running formats; `shapes` and weights then hold `inputShapes` too. */
export function createScorers(
  { config, shapes }: Pick<LoadedModel, "config" | "shapes">,
  options: SessionOptions & { running?: RunningFormats; warn?: Warn; remembered?: RememberedStates },
  { device, mostWindows = null }: RunSizeOptions = {},
): Scorers {
  const tokensOf = (context: number) => tokensPerRun(config, shapes, context, device);
  const batchOf = (context: number) =>
    Math.min(Math.floor(tokensOf(context) / context), mostWindows ?? Number.POSITIVE_INFINITY);
  const evaluators = kept<Evaluator>((context) =>
    createEvaluator(config, shapes, { context, batch: batchOf(context), ...options }),
  );
  const continuations = kept<ContinuationScorer>(async (context) =>
    // Most sequences are much shorter than the model's context.
    createContinuationScorer(config, shapes, {
      ...{ context, tokensPerRun: tokensOf(Math.min(context, TOKENS_CPU)) },
      ...options,
    }),
  );
  const divergences = kept<DivergenceScorer>((context) =>
    createDivergenceScorer(config, shapes, { context, batch: batchOf(context), ...options }),
  );
  return {
    model: (reference, weights, context, tell = () => {}) => ({
      windows: async (windows, count) =>
        (await evaluators.of(context)).score(weights, windows, count, (done) => tell(`window ${done} of ${count}`)),
      continuations: async (requests) =>
        (await continuations.of(context)).score(weights, requests, (done, all) => tell(`sequence ${done} of ${all}`)),
      remember: async (windows, count) => (await divergences.of(context)).remember(reference, windows, count),
      divergences: async (windows, count) => (await divergences.of(context)).score(reference, weights, windows, count),
    }),
    async release() {
      for (const each of [evaluators, continuations, divergences]) await each.release();
    },
  };
}

function kept<T extends { release(): Promise<void> }>(make: (context: number) => Promise<T>) {
  const made = new Map<number, Promise<T>>();
  return {
    of(context: number): Promise<T> {
      const found = made.get(context) ?? make(context);
      made.set(context, found);
      return found;
    },
    async release() {
      for (const each of made.values()) await (await each).release();
    },
  };
}
