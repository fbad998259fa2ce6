import { createResidence } from "../../engine/residence.ts";
import { createSession, type SessionOptions } from "../../engine/session.ts";
import { shrinking, type Warn } from "../../engine/shrink.ts";
import {
  createGraph,
  crossEntropy,
  exp,
  input,
  logSoftmax,
  mul,
  output,
  reshape,
  sub,
  sum,
  type Value,
} from "../../graph/index.ts";
import type { ModelConfig } from "./architecture.ts";
import { modelLogits } from "./index.ts";
import { argmaxOf, inChunks, joined } from "./logitChunks.ts";
import { type RunningFormats, roundingHooks } from "./runningFormats.ts";

type Weights = ReadonlyMap<string, Float32Array>;

/** What a model says of windows beside another one of the same architecture; [count·(context − 1)], one a prediction. */
export interface Divergences {
  /** Negative log-likelihood in nats of the next token. */
  nll: Float32Array;
  /** Σ p (ln p − ln q) over the vocabulary in nats, p being the reference's; float32's rounding may leave −1e−7. */
  kl: Float32Array;
  /** 1 where both hold the same token for the most likely one. */
  same: Uint8Array;
}

export interface DivergenceScorer {
  score(reference: Weights, weights: Weights, windows: ArrayLike<number>, count: number): Promise<Divergences>;
  release(): Promise<void>;
}

/**
 * Both models in one graph, so that logits never leave the engine. `batch` windows of `context` tokens a run, or fewer where
 * memory does not suffice, and then `warn` is told.
 */
export async function createDivergenceScorer(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  {
    context,
    batch,
    running,
    warn,
    ...options
  }: SessionOptions & {
    context: number;
    batch: number;
    /** What activations and cache of the second model are rounded to; `shapes` then hold `inputShapes` too. */
    running?: RunningFormats | undefined;
    warn?: Warn;
  },
): Promise<DivergenceScorer> {
  const time = context - 1;
  const compiled = shrinking(
    "divergence",
    batch,
    (size) => compile(config, shapes, size, time, options, running),
    warn,
  );
  const residence = createResidence(options);
  return {
    async score(reference, weights, windows, count) {
      const [nll, kl] = [new Float32Array(count * time), new Float32Array(count * time)];
      const same = new Uint8Array(count * time);
      const [p, q] = [await residence.place(reference, shapes, REFERENCE), await residence.place(weights, shapes)];
      try {
        for (let start = 0; start < count; ) {
          start += await compiled.use(async ({ session, rows }) => {
            const [x, y] = [new BigInt64Array(rows), new BigInt64Array(rows)];
            for (let i = 0; i < rows; i++) {
              // As in the evaluator: a short last batch repeats its last window.
              const from = Math.min(start + Math.floor(i / time), count - 1) * context + (i % time);
              x[i] = BigInt(windows[from]!);
              y[i] = BigInt(windows[from + 1]!);
            }
            const data = { tokens: { data: x, shape: [rows] }, labels: { data: y, shape: [rows] } };
            const out = await session.run({ ...p.feeds, ...q.feeds, ...data });
            const done = Math.min(rows / time, count - start);
            nll.set((out.nll as Float32Array).subarray(0, done * time), start * time);
            kl.set((out.kl as Float32Array).subarray(0, done * time), start * time);
            for (let i = 0; i < done * time; i++) same[start * time + i] = out.topP![i] === out.topQ![i] ? 1 : 0;
            return done;
          });
        }
      } finally {
        p.free();
        q.free();
      }
      return { nll, kl, same };
    },
    async release() {
      await compiled.release();
      await residence.release();
    },
  };
}

/** Prefix of the reference's weights among the inputs. */
const REFERENCE = "reference/";

async function compile(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  batch: number,
  time: number,
  options: SessionOptions,
  running?: RunningFormats,
) {
  const rows = batch * time;
  const graph = createGraph(options.device);
  const tokens = input(graph, "tokens", "int64", [rows]);
  const labels = input(graph, "labels", "int64", [rows]);
  const modelOf = (prefix: string, formats?: RunningFormats) => {
    const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, prefix + name, "float32", shape)]));
    let logitsOf: ((rows: Value) => Value) | undefined;
    const head = (hidden: Value, of: (rows: Value) => Value) => {
      logitsOf = of;
      return hidden;
    };
    const model = { graph, tokens, batch, weight: (name: string) => values.get(name)!, head };
    const hidden = modelLogits({ ...model, ...(formats ? roundingHooks(model, formats) : {}) }, config);
    return { hidden, logitsOf: logitsOf! };
  };
  const [reference, model] = [modelOf(REFERENCE), modelOf("", running)];
  const parts: Record<"kl" | "nll" | "topP" | "topQ", Value[]> = { kl: [], nll: [], topP: [], topQ: [] };
  // Four arrays of logits are alive at once, in place of two.
  inChunks(graph, 2 * config.vocabSize, [reference.hidden, model.hidden, labels], ([before, after, wanted]) => {
    const [p, q] = [reference.logitsOf(before!), model.logitsOf(after!)];
    const [logP, logQ] = [logSoftmax(graph, p), logSoftmax(graph, q)];
    const kl = sum(graph, mul(graph, exp(graph, logP), sub(graph, logP, logQ)), [1]);
    parts.kl.push(reshape(graph, kl, [p.shape[0]!]));
    parts.topP.push(argmaxOf(graph, p));
    parts.topQ.push(argmaxOf(graph, q));
    const nll = crossEntropy(graph, q, wanted!);
    parts.nll.push(nll);
    return nll;
  });
  for (const [name, values] of Object.entries(parts)) output(graph, name, joined(graph, values));
  const session = await createSession(graph, options);
  return { session, rows, release: () => session.release() };
}
