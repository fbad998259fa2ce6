import { createSession, type HostTensor, type SessionOptions } from "../../engine/session.ts";
import { createGraph, crossEntropy, encode, input, output } from "../../graph/index.ts";
import type { ModelConfig } from "./architecture.ts";
import { modelLogits } from "./index.ts";

export interface EvaluatorOptions extends SessionOptions {
  /** Tokens of one window. */
  context: number;
  /** Windows of one run. */
  batch: number;
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
  const graph = createGraph();
  const tokens = input(graph, "tokens", "int64", [batch * time]);
  const labels = input(graph, "labels", "int64", [batch * time]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const logits = modelLogits({ graph, tokens, batch, weight: (name) => values.get(name)! }, config);
  output(graph, "nll", crossEntropy(graph, logits, labels));
  const session = await createSession(encode(graph), options);
  const nll = new Float32Array(batch * time);
  const feed = (): HostTensor & { data: BigInt64Array } => ({
    data: new BigInt64Array(batch * time),
    shape: [batch * time],
  });
  const [x, y] = [feed(), feed()];
  return {
    context,
    async score(weights, windows, count, onWindows) {
      const feeds: Record<string, HostTensor> = { tokens: x, labels: y };
      for (const [name, shape] of shapes) feeds[name] = { data: weights.get(name)!, shape };
      const losses = new Float64Array(count);
      for (let start = 0; start < count; start += batch) {
        for (let b = 0; b < batch; b++) {
          // A short last batch repeats its last window: shapes stay static, the repeats are not read.
          const from = Math.min(start + b, count - 1) * context;
          for (let t = 0; t < time; t++) {
            x.data[b * time + t] = BigInt(windows[from + t]!);
            y.data[b * time + t] = BigInt(windows[from + t + 1]!);
          }
        }
        await session.run(feeds, { nll: { data: nll, shape: [batch * time] } });
        for (let b = 0; b < batch && start + b < count; b++) {
          let total = 0;
          for (let t = 0; t < time; t++) total += nll[b * time + t]!;
          losses[start + b] = total / time;
        }
        onWindows?.(Math.min(start + batch, count));
      }
      return losses;
    },
    release: () => session.release(),
  };
}
