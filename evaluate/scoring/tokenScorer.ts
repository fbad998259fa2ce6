import { createSession, type Feed, type HostTensor, type SessionOptions } from "../engine/session.ts";
import { createGraph, crossEntropy, type Graph, input, output, type Value } from "../graph/index.ts";
import type { ModelConfig } from "../model/architectures/architecture.ts";
import { attentionInChunks } from "../model/architectures/headChunks.ts";
import { modelLogits } from "../model/architectures/index.ts";
import { type RunningFormats, roundingHooks } from "../model/architectures/runningFormats.ts";
import { keepsMemory } from "./keepsMemory.ts";
import { inChunks } from "./logitChunks.ts";

export interface TokenScorerOptions extends SessionOptions {
  /** Sequences of one run. */
  batch: number;
  /** Positions of each sequence. */
  time: number;
  /** What activations and cache are rounded to; `shapes` then hold `inputShapes` too. */
  running?: RunningFormats | undefined;
}

/** One compiled shape of a model. The arrays belong to the scorer: fill `tokens` and `labels`, run, read the others. */
export interface TokenScorer {
  readonly batch: number;
  readonly time: number;
  /** [batch·time] what the model reads, and what it should say next. */
  readonly tokens: BigInt64Array;
  readonly labels: BigInt64Array;
  /** [batch·time] negative log-likelihood of the labels in nats; NaN or Infinity where the model diverges. */
  readonly nll: Float32Array;
  /** `weights` are feeds by tensor name: see Residence. */
  run(weights: Record<string, Feed>): Promise<void>;
  release(): Promise<void>;
}

/** The graph of a run: inputs are the weights by name, `tokens` and `labels`; the output is `nll`. */
export function scorerGraph(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  { batch, time, running, device }: Omit<TokenScorerOptions, "threads" | "profile">,
): Graph {
  const count = batch * time;
  const graph = createGraph(device);
  const tokens = input(graph, "tokens", "int64", [count]);
  const labels = input(graph, "labels", "int64", [count]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const head = (hidden: Value, logitsOf: (rows: Value) => Value) =>
    inChunks(graph, config.vocabSize, [hidden, labels], ([rows, wanted]) =>
      crossEntropy(graph, logitsOf(rows!), wanted!),
    );
  const weight = (name: string) => values.get(name)!;
  const model = { graph, tokens, batch, weight, head, attention: attentionInChunks({ graph }) };
  output(graph, "nll", modelLogits({ ...model, ...(running ? roundingHooks(model, running) : {}) }, config));
  return graph;
}

/** Compiles a model for runs of [batch, time] tokens; the weights are inputs, so one session serves every format. */
export async function createTokenScorer(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  { batch, time, running, ...options }: TokenScorerOptions,
): Promise<TokenScorer> {
  const count = batch * time;
  const graph = scorerGraph(config, shapes, { ...options, batch, time, running });
  const session = await createSession(graph, { keepMemory: keepsMemory(graph), ...options });
  const ids = () => new BigInt64Array(count);
  const [x, y, nll] = [ids(), ids(), new Float32Array(count)];
  const into: Record<string, HostTensor> = { nll: { data: nll, shape: [count] } };
  return {
    batch,
    time,
    tokens: x,
    labels: y,
    nll,
    async run(weights) {
      await session.run({ ...weights, tokens: { data: x, shape: [count] }, labels: { data: y, shape: [count] } }, into);
    },
    release: () => session.release(),
  };
}
