import type { SessionOptions } from "../../engine/session.ts";
import type { ModelConfig } from "./architecture.ts";
import type { RunningFormats } from "./runningFormats.ts";
import { createTokenScorer } from "./tokenScorer.ts";

export interface EvaluatorOptions extends SessionOptions {
  /** Tokens of one window. */
  context: number;
  /** Windows of one run. */
  batch: number;
  /** What activations and cache are rounded to; `shapes` then hold `inputShapes` too. */
  running?: RunningFormats | undefined;
}

export interface Evaluator {
  readonly context: number;
  /**
   * Mean next-token loss in nats of each of `count` windows (`windows` is [count·context]); NaN or Infinity where the
   * model diverges. Weights are read in place, so one evaluator serves every format.
   */
  score(
    weights: ReadonlyMap<string, Float32Array>,
    windows: ArrayLike<number>,
    count: number,
    onWindows?: (done: number) => void,
  ): Promise<Float64Array>;
  release(): Promise<void>;
}

/** An evaluator of a model: one session per (architecture, context, batch), weights are its inputs. */
export async function createEvaluator(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  { context, batch, ...options }: EvaluatorOptions,
): Promise<Evaluator> {
  // The last token of a window is only ever a label, so the model runs over context − 1 positions.
  const time = context - 1;
  const scorer = await createTokenScorer(config, shapes, { batch, time, ...options });
  const { tokens, labels, nll } = scorer;
  return {
    context,
    async score(weights, windows, count, onWindows) {
      const losses = new Float64Array(count);
      for (let start = 0; start < count; start += batch) {
        for (let b = 0; b < batch; b++) {
          // A short last batch repeats its last window: shapes stay static, the repeats are not read.
          const from = Math.min(start + b, count - 1) * context;
          for (let t = 0; t < time; t++) {
            tokens[b * time + t] = BigInt(windows[from + t]!);
            labels[b * time + t] = BigInt(windows[from + t + 1]!);
          }
        }
        await scorer.run(weights);
        for (let b = 0; b < batch && start + b < count; b++) {
          let total = 0;
          for (let t = 0; t < time; t++) total += nll[b * time + t]!;
          losses[start + b] = total / time;
        }
        onWindows?.(Math.min(start + batch, count));
      }
      return losses;
    },
    release: () => scorer.release(),
  };
}
