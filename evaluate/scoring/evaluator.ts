import { createResidence, type Weights } from "../engine/residence.ts";
import type { SessionOptions } from "../engine/session.ts";
import { shrinking, type Warn } from "../engine/shrink.ts";
import type { ModelConfig } from "../model/architectures/architecture.ts";
import type { RunningFormats } from "../model/architectures/runningFormats.ts";
import { createTokenScorer, type TokenScorer } from "./tokenScorer.ts";

export interface EvaluatorOptions extends SessionOptions {
  /** Tokens of one window. */
  context: number;
  /** Windows of one run. */
  batch: number;
  /** What activations and cache are rounded to; `shapes` then hold `inputShapes` too. */
  running?: RunningFormats | undefined;
  warn?: Warn;
}

export interface Evaluator {
  readonly context: number;
  /**
   * Mean next-token loss in nats of each of `count` windows (`windows` is [count·context]); NaN or Infinity where the
   * model diverges. Weights are arguments, so one evaluator serves every format; they must not change while it scores.
   */
  score(
    weights: Weights,
    windows: ArrayLike<number>,
    count: number,
    onWindows?: (done: number) => void,
  ): Promise<Float64Array>;
  release(): Promise<void>;
}

/**
 * An evaluator of a model: one session per (architecture, context, batch), weights are its inputs. Where the device's memory
 * does not suffice the batch is halved, `warn` is told, and scoring goes on with the same window.
 */
export async function createEvaluator(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  { context, batch: asked, warn, ...options }: EvaluatorOptions,
  compile: typeof createTokenScorer = createTokenScorer,
): Promise<Evaluator> {
  // The last token of a window is only ever a label, so the model runs over context − 1 positions.
  const time = context - 1;
  const compiled = shrinking(
    "evaluation",
    asked,
    (batch) => compile(config, shapes, { batch, time, ...options }),
    warn,
  );
  const residence = createResidence(options);
  // A model that cannot be compiled is found out here, not in the first trial.
  await compiled.use(async () => {});
  return {
    context,
    async score(weights, windows, count, onWindows) {
      const losses = new Float64Array(count);
      const placed = await residence.place(weights, shapes);
      try {
        for (let start = 0; start < count; ) {
          start += await compiled.use(async (scorer) => {
            const kept = Math.min(scorer.batch, count - start);
            fill(scorer, windows, start, count);
            await scorer.run(placed.feeds);
            for (let b = 0; b < kept; b++) losses[start + b] = meanLoss(scorer, b);
            return kept;
          });
          onWindows?.(start);
        }
      } finally {
        placed.free();
      }
      return losses;
    },
    async release() {
      await compiled.release();
      await residence.release();
    },
  };
}

/** Fills a batch with windows `start`, `start` + 1, … of `count`. */
function fill({ batch, time, tokens, labels }: TokenScorer, windows: ArrayLike<number>, start: number, count: number) {
  for (let b = 0; b < batch; b++) {
    // A short last batch repeats its last window: shapes stay static, the repeats are not read.
    const from = Math.min(start + b, count - 1) * (time + 1);
    for (let t = 0; t < time; t++) {
      tokens[b * time + t] = BigInt(windows[from + t]!);
      labels[b * time + t] = BigInt(windows[from + t + 1]!);
    }
  }
}

function meanLoss({ time, nll }: TokenScorer, row: number): number {
  let total = 0;
  for (let t = 0; t < time; t++) total += nll[row * time + t]!;
  return total / time;
}
