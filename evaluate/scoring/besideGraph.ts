/** @file A model beside a reference whose last hidden states are given: both heads, and what is told of their logits. */
import { createSession, type Session, type SessionOptions } from "../engine/session.ts";
import {
  concat,
  constant,
  createGraph,
  crossEntropy,
  embedding,
  exp,
  type Graph,
  input,
  logSoftmax,
  mul,
  output,
  reshape,
  sub,
  sum,
  type Value,
} from "../graph/index.ts";
import type { ModelConfig } from "../model/architectures/architecture.ts";
import type { RunningFormats } from "../model/architectures/runningFormats.ts";
import { headless } from "./headless.ts";
import { keepsMemory } from "./keepsMemory.ts";
import { argmaxOf, inChunks } from "./logitChunks.ts";

/** Figures of a prediction: its KL, its loss, how ln p has grown, and the most likely token of both models. */
export const FIGURES = 5;

/** Prefix of the reference's weights among the inputs. */
export const REFERENCE = "reference/";

export interface Compiled {
  readonly session: Session;
  /** Predictions of a run, and numbers in each of their hidden states. */
  readonly rows: number;
  readonly width: number;
  /** Shapes of the reference's weights that it reads. */
  readonly read: ReadonlyMap<string, readonly number[]>;
  release(): Promise<void>;
}

async function opened(
  graph: Graph,
  options: SessionOptions,
  shapes: ReadonlyMap<string, readonly number[]>,
  prefix: string,
  hidden: Value,
): Promise<Compiled> {
  const session = await createSession(graph, { keepMemory: keepsMemory(graph), ...options });
  const read = new Map([...shapes].filter(([name]) => session.inputNames.includes(prefix + name)));
  const [rows, width] = hidden.shape as [number, number];
  return { session, rows, width, read, release: () => session.release() };
}

/** The reference's last hidden states. */
export function compileAlone(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  batch: number,
  time: number,
  options: SessionOptions,
): Promise<Compiled> {
  const graph = createGraph(options.device);
  const tokens = input(graph, "tokens", "int64", [batch * time]);
  const { hidden } = headless(graph, tokens, batch, [config, shapes, undefined]);
  output(graph, "hidden", hidden);
  return opened(graph, options, shapes, "", hidden);
}

/** The model, and the reference from its last hidden states on. */
export function compileBeside(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  batch: number,
  time: number,
  options: SessionOptions,
  running?: RunningFormats,
): Promise<Compiled> {
  const { graph, hidden } = besideGraph(config, shapes, { batch, time, running, device: options.device });
  return opened(graph, options, shapes, REFERENCE, hidden);
}

/** The graph of a run of a model beside a reference whose last hidden states are given. */
export function besideGraph(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  {
    batch,
    time,
    running,
    device,
  }: { batch: number; time: number; running?: RunningFormats | undefined; device?: SessionOptions["device"] },
) {
  const rows = batch * time;
  const graph = createGraph(device);
  const tokens = input(graph, "tokens", "int64", [rows]);
  const labels = input(graph, "labels", "int64", [rows]);
  // What lies before the hidden states is in this graph too, but nothing asks for it.
  const reference = headless(graph, tokens, batch, [config, shapes, undefined], REFERENCE);
  const model = headless(graph, tokens, batch, [config, shapes, running]);
  const hidden = input(graph, "hidden", "float32", reference.hidden.shape);
  // Ids as numbers, exact in float32 below 2^24: WebGPU casts no int64.
  const ids = constant(
    graph,
    Float32Array.from({ length: config.vocabSize }, (_, id) => id),
    [config.vocabSize, 1],
  );
  // Four arrays of logits are alive at once, in place of two. All figures of a chunk are one value: of several outputs the
  // engine would compute one after another, and hold the logits of every chunk for the next.
  const figures = inChunks(graph, 2 * config.vocabSize, [hidden, model.hidden, labels], ([before, after, wanted]) => {
    const [p, q] = [reference.logitsOf(before!), model.logitsOf(after!)];
    const [logP, logQ] = [logSoftmax(graph, p), logSoftmax(graph, q)];
    const kl = sum(graph, mul(graph, exp(graph, logP), sub(graph, logP, logQ)), [1]);
    const nll = crossEntropy(graph, q, wanted!);
    const change = sub(graph, crossEntropy(graph, p, wanted!), nll);
    const top = (logits: Value) => embedding(graph, ids, argmaxOf(graph, logits));
    const columns = [...[kl, nll, change].map((x) => reshape(graph, x, [nll.shape[0]!, 1])), top(p), top(q)];
    return reshape(graph, concat(graph, columns, 1), [FIGURES * nll.shape[0]!]);
  });
  output(graph, "figures", figures);
  return { graph, hidden };
}
