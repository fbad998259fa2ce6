import { createResidence, type Weights } from "../engine/residence.ts";
import { createSession, type Session, type SessionOptions } from "../engine/session.ts";
import { type Shrinking, shrinking, type Warn } from "../engine/shrink.ts";
import {
  concat,
  createGraph,
  crossEntropy,
  exp,
  type Graph,
  input,
  logSoftmax,
  mul,
  node,
  output,
  reshape,
  sub,
  sum,
  type Value,
} from "../graph/index.ts";
import type { ModelConfig } from "../model/architectures/architecture.ts";
import type { RunningFormats } from "../model/architectures/runningFormats.ts";
import { createWaiting, type Waiting } from "../storage/waiting.ts";
import { headless } from "./headless.ts";
import { keepsMemory } from "./keepsMemory.ts";
import { argmaxOf, inChunks } from "./logitChunks.ts";

/** What a model says of windows beside another one of the same architecture; [count·(context − 1)], one a prediction. */
export interface Divergences {
  /** Negative log-likelihood in nats of the next token, and by how much the reference's is larger. */
  nll: Float32Array;
  change: Float32Array;
  /** Σ p (ln p − ln q) over the vocabulary in nats, p being the reference's; float32's rounding may leave −1e−7. */
  kl: Float32Array;
  /** 1 where both hold the same token for the most likely one. */
  same: Uint8Array;
}

export interface DivergenceScorer {
  /** Runs the reference on windows, for all later scores of these: of its weights those then read no more than the head's. */
  remember(reference: Weights, windows: ArrayLike<number>, count: number): Promise<void>;
  /** Remembers first what is not remembered yet. */
  score(reference: Weights, weights: Weights, windows: ArrayLike<number>, count: number): Promise<Divergences>;
  release(): Promise<void>;
}

/** The reference's last hidden states, by the windows they belong to: what several scorers of one model share. */
export interface RememberedStates {
  readonly states: Map<ArrayLike<number>, Waiting>;
  release(): void;
}

export function createRememberedStates(): RememberedStates {
  const states: RememberedStates["states"] = new Map();
  return {
    states,
    release() {
      for (const each of states.values()) each.release();
      states.clear();
    },
  };
}

/** What a text's hidden states take of memory; the rest is on disk. */
export const REMEMBERED_BYTES = 64 * 1024 * 1024;

/**
 * A model beside a reference, whose last hidden states are remembered: logits, which are vocabularies of numbers a token, are
 * made of them anew and never leave the engine. `batch` windows of `context` tokens a run, or fewer where memory does not
 * suffice, and then `warn` is told.
 */
export async function createDivergenceScorer(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  {
    context,
    batch,
    running,
    warn,
    remembered = createRememberedStates(),
    ...options
  }: SessionOptions & {
    context: number;
    batch: number;
    /** What activations and cache of the second model are rounded to; `shapes` then hold `inputShapes` too. */
    running?: RunningFormats | undefined;
    remembered?: RememberedStates;
    warn?: Warn;
  },
): Promise<DivergenceScorer> {
  const time = context - 1;
  const beside = shrinking(
    "divergence",
    batch,
    (size) => compileBeside(config, shapes, size, time, options, running),
    warn,
  );
  const residence = createResidence(options);
  const { states } = remembered;
  const inBatches = async <T extends Compiled>(
    compiled: Shrinking<T>,
    windows: ArrayLike<number>,
    count: number,
    work: (made: T, data: ReturnType<typeof idsOf>, start: number, kept: number) => Promise<void>,
  ) => {
    for (let start = 0; start < count; ) {
      start += await compiled.use(async (made) => {
        const kept = Math.min(made.rows / time, count - start);
        await work(made, idsOf(windows, start, kept, context, made.rows), start, kept);
        return kept;
      });
    }
  };
  async function remember(reference: Weights, windows: ArrayLike<number>, count: number) {
    if (states.has(windows)) return;
    const own = createWaiting(REMEMBERED_BYTES);
    const alone = shrinking("divergence", batch, (size) => compileAlone(config, shapes, size, time, options), warn);
    const placed = await residence.place(reference, await alone.use(async ({ read }) => read));
    try {
      await inBatches(alone, windows, count, async ({ session, width }, { tokens }, start, kept) => {
        const { hidden } = await session.run({ ...placed.feeds, tokens });
        own.write("hidden", start, kept, (hidden as Float32Array).subarray(0, kept * time * width));
      });
      states.set(windows, own);
    } finally {
      placed.free();
      await alone.release();
    }
  }
  return {
    remember,
    async score(reference, weights, windows, count) {
      await remember(reference, windows, count);
      const [nll, change, kl] = [0, 1, 2].map(() => new Float32Array(count * time)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const same = new Uint8Array(count * time);
      const read = await beside.use(async (made) => made.read);
      const [p, q] = [await residence.place(reference, read, REFERENCE), await residence.place(weights, shapes)];
      try {
        await inBatches(beside, windows, count, async ({ session, rows, width }, data, start, kept) => {
          const before = new Float32Array(rows * width);
          states.get(windows)!.read("hidden", start, kept, before.subarray(0, kept * time * width));
          const hidden = { data: before, shape: [rows, width] };
          const out = await session.run({ ...p.feeds, ...q.feeds, ...data, hidden });
          const figures = out.figures as Float32Array;
          for (let i = 0; i < kept * time; i++) {
            const [own, loss, grown, topP, topQ] = figures.subarray(FIGURES * i, FIGURES * (i + 1));
            const at = start * time + i;
            [kl[at], nll[at], change[at]] = [own!, loss!, grown!];
            same[at] = topP === topQ ? 1 : 0;
          }
        });
      } finally {
        p.free();
        q.free();
      }
      return { nll, change, kl, same };
    },
    async release() {
      await beside.release();
      await residence.release();
    },
  };
}
/** Figures of a prediction: its KL, its loss, how ln p has grown, and the most likely token of both models. */
const FIGURES = 5;
/** ONNX's number of the type float32. */
const FLOAT = 1;

/** Prefix of the reference's weights among the inputs. */
const REFERENCE = "reference/";

interface Compiled {
  readonly session: Session;
  /** Predictions of a run, and numbers in each of their hidden states. */
  readonly rows: number;
  readonly width: number;
  /** Shapes of the reference's weights that it reads. */
  readonly read: ReadonlyMap<string, readonly number[]>;
  release(): Promise<void>;
}

/** The tokens and labels of `kept` windows from `start`; behind them a batch repeats the last one, as in the evaluator. */
function idsOf(windows: ArrayLike<number>, start: number, kept: number, context: number, rows: number) {
  const [x, y] = [new BigInt64Array(rows), new BigInt64Array(rows)];
  const time = context - 1;
  for (let i = 0; i < rows; i++) {
    const from = (start + Math.min(Math.floor(i / time), kept - 1)) * context + (i % time);
    x[i] = BigInt(windows[from]!);
    y[i] = BigInt(windows[from + 1]!);
  }
  return { tokens: { data: x, shape: [rows] }, labels: { data: y, shape: [rows] } };
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
function compileAlone(
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
function compileBeside(
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
  // Four arrays of logits are alive at once, in place of two. All figures of a chunk are one value: of several outputs the
  // engine would compute one after another, and hold the logits of every chunk for the next.
  const figures = inChunks(graph, 2 * config.vocabSize, [hidden, model.hidden, labels], ([before, after, wanted]) => {
    const [p, q] = [reference.logitsOf(before!), model.logitsOf(after!)];
    const [logP, logQ] = [logSoftmax(graph, p), logSoftmax(graph, q)];
    const kl = sum(graph, mul(graph, exp(graph, logP), sub(graph, logP, logQ)), [1]);
    const nll = crossEntropy(graph, q, wanted!);
    const change = sub(graph, crossEntropy(graph, p, wanted!), nll);
    // Ids below 2^24 are exact in float32.
    const top = (logits: Value) =>
      node(graph, "Cast", [argmaxOf(graph, logits)], nll.shape, { type: "float32", attributes: { to: FLOAT } });
    const columns = [kl, nll, change, top(p), top(q)].map((x) => reshape(graph, x, [nll.shape[0]!, 1]));
    return reshape(graph, concat(graph, columns, 1), [FIGURES * nll.shape[0]!]);
  });
  output(graph, "figures", figures);
  return { graph, hidden };
}
