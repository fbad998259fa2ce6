import { createResidence, type Weights } from "../engine/residence.ts";
import { createSession, type Feed, type Session, type SessionOptions } from "../engine/session.ts";
import { type Shrinking, shrinking, type Warn } from "../engine/shrink.ts";
import { createGraph, crossEntropy, input, output } from "../graph/index.ts";
import type { ModelConfig } from "../model/architectures/architecture.ts";
import type { RunningFormats } from "../model/architectures/runningFormats.ts";
import { headless, type ModelOf } from "./headless.ts";
import { keepsMemory } from "./keepsMemory.ts";
import { argmaxOf, rowsAtOnce } from "./logitChunks.ts";
import { GRAPHS_MAX, sequenceRun } from "./sequenceRuns.ts";

/** Token ids: what is given, and what the model is to continue it with; both at least one token. */
export interface Continuation {
  context: ArrayLike<number>;
  continuation: ArrayLike<number>;
}

export interface ContinuationScore {
  /** Log-likelihood in nats of each token of the continuation; NaN or −Infinity where the model diverges. */
  logProbs: Float64Array;
  /** Whether every token of the continuation is the most likely one, given the true ones before it. */
  greedy: boolean;
}

export interface ContinuationScorer {
  /** Scores in the order given. Throws RangeError where a sequence is too long for the model or a part is empty. */
  score(
    weights: Weights,
    requests: readonly Continuation[],
    onSequences?: (done: number, all: number) => void,
  ): Promise<ContinuationScore[]>;
  release(): Promise<void>;
}

export interface ContinuationOptions extends SessionOptions {
  /** Positions of the model: a context and its continuation have at most one token more, since the last is only a label. */
  context: number;
  /** Positions of one run. */
  tokensPerRun: number;
  /** What activations and cache are rounded to; `shapes` then hold `inputShapes` too. */
  running?: RunningFormats | undefined;
  warn?: Warn;
}

/** Requests whose tokens but the last are the same: the model reads them once. */
interface Sequence {
  readonly ids: readonly number[];
  readonly requests: number[];
}

/**
 * Scores continuations of varying length. The longest sequences come first, as many as a run takes, padded on the right, which
 * a causal model does not see at the positions that are read. Logits, which are a vocabulary of numbers a position, are made
 * of those positions alone.
 */
export function createContinuationScorer(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  { context: most, tokensPerRun, warn, running, ...options }: ContinuationOptions,
): ContinuationScorer {
  const model: ModelOf = [config, shapes, running];
  const bodies = new Map<string, Shrinking<Body>>();
  const residence = createResidence(options);
  let head: Promise<Head> | undefined;

  async function bodyOf(time: number, batch: number): Promise<Shrinking<Body>> {
    const key = `${batch} of ${time}`;
    const compile = (size: number) => compileBody(model, size, time, options);
    const found = bodies.get(key) ?? shrinking("evaluation", batch, compile, warn);
    // The last used last.
    bodies.delete(key);
    bodies.set(key, found);
    if (bodies.size > GRAPHS_MAX) {
      const [oldest, body] = bodies.entries().next().value!;
      bodies.delete(oldest);
      await body.release();
    }
    return found;
  }

  return {
    async score(weights, requests, onSequences) {
      for (const each of requests) check(each, most);
      const sequences = sequencesOf(requests);
      const scores = requests.map(({ continuation }) => ({
        logProbs: new Float64Array(continuation.length),
        greedy: true,
      }));
      const placed = await residence.place(weights, shapes);
      try {
        head ??= compileHead(model, options);
        const { add, flush } = collector(await head, placed.feeds, requests, scores);
        for (let done = 0; done < sequences.length; ) {
          const left = sequences.length - done;
          const { time, batch } = sequenceRun(sequences[done]!.ids.length, left, { most, tokensPerRun });
          const body = await bodyOf(time, batch);
          done += await body.use(async ({ session, batch }) => {
            const own = sequences.slice(done, done + batch);
            const tokens = new BigInt64Array(batch * time);
            for (const [row, { ids }] of own.entries())
              for (const [t, id] of ids.entries()) tokens[row * time + t] = BigInt(id);
            const { hidden } = await session.run({ ...placed.feeds, tokens: { data: tokens, shape: [tokens.length] } });
            for (const [row, { requests }] of own.entries())
              for (const index of requests) await add(index, hidden as Float32Array, row * time);
            return own.length;
          });
          onSequences?.(done, sequences.length);
        }
        await flush();
      } finally {
        placed.free();
      }
      return scores;
    },
    async release() {
      for (const body of bodies.values()) await body.release();
      bodies.clear();
      await (await head)?.session.release();
      head = undefined;
      await residence.release();
    },
  };
}

function check({ context, continuation }: Continuation, most: number): void {
  const length = context.length + continuation.length - 1;
  if (context.length === 0 || continuation.length === 0 || length > most)
    throw new RangeError(`continuation: ${context.length} + ${continuation.length} tokens for ${most} positions`);
}

/** What the model is to read, each once, the longest first. */
function sequencesOf(requests: readonly Continuation[]): Sequence[] {
  const found = new Map<string, Sequence>();
  for (const [index, { context, continuation }] of requests.entries()) {
    const ids = [...Array.from(context), ...Array.from(continuation).slice(0, -1)];
    const key = ids.join(" ");
    const known = found.get(key) ?? { ids, requests: [] };
    known.requests.push(index);
    found.set(key, known);
  }
  return [...found.values()].sort((a, b) => b.ids.length - a.ids.length);
}

/** Gathers the hidden states that predict a token of a continuation, and scores as many at once as the head takes. */
function collector(
  { session, rows, width }: Head,
  weights: Record<string, Feed>,
  requests: readonly Continuation[],
  scores: readonly ContinuationScore[],
) {
  const hidden = new Float32Array(rows * width);
  const labels = new BigInt64Array(rows);
  const wanted: { score: ContinuationScore; token: number }[] = [];
  const [nll, top] = [new Float32Array(rows), new BigInt64Array(rows)];
  const shape = [rows];
  const flush = async () => {
    if (wanted.length === 0) return;
    const feeds = { ...weights, rows: { data: hidden, shape: [rows, width] }, labels: { data: labels, shape } };
    await session.run(feeds, { nll: { data: nll, shape }, top: { data: top, shape } });
    for (const [row, { score, token }] of wanted.entries()) {
      score.logProbs[token] = -nll[row]!;
      // The most likely token of NaN logits means nothing.
      score.greedy &&= Number.isFinite(nll[row]!) && top[row] === labels[row];
    }
    wanted.length = 0;
  };
  return {
    /** A request whose sequence's hidden states begin at row `first` of `states`. */
    async add(index: number, states: Float32Array, first: number) {
      const { context, continuation } = requests[index]!;
      for (let token = 0; token < continuation.length; token++) {
        const from = (first + context.length - 1 + token) * width;
        hidden.set(states.subarray(from, from + width), wanted.length * width);
        labels[wanted.length] = BigInt(continuation[token]!);
        wanted.push({ score: scores[index]!, token });
        if (wanted.length === rows) await flush();
      }
    },
    flush,
  };
}

/** A model up to its last hidden states, compiled for `batch` sequences of one length. */
interface Body {
  readonly session: Session;
  readonly batch: number;
  release(): Promise<void>;
}

async function compileBody(model: ModelOf, batch: number, time: number, options: SessionOptions): Promise<Body> {
  const graph = createGraph(options.device);
  const tokens = input(graph, "tokens", "int64", [batch * time]);
  output(graph, "hidden", headless(graph, tokens, batch, model).hidden);
  // There are many of them, and none is faster for what it keeps between runs.
  const session = await createSession(graph, { keepMemory: false, ...options });
  return { session, batch, release: () => session.release() };
}

/** From hidden states [rows, width] to the figures of their labels. */
interface Head {
  readonly session: Session;
  readonly rows: number;
  readonly width: number;
}

async function compileHead(model: ModelOf, options: SessionOptions): Promise<Head> {
  const [{ vocabSize, maxPositionEmbeddings }] = model;
  const graph = createGraph(options.device);
  // What lies before the hidden states is in this graph too, but nothing asks for it.
  const { hidden, logitsOf } = headless(graph, input(graph, "tokens", "int64", [1]), 1, model);
  const [rows, width] = [rowsAtOnce(maxPositionEmbeddings, vocabSize), hidden.shape[1]!];
  const logits = logitsOf(input(graph, "rows", "float32", [rows, width]));
  output(graph, "nll", crossEntropy(graph, logits, input(graph, "labels", "int64", [rows])));
  output(graph, "top", argmaxOf(graph, logits));
  return { session: await createSession(graph, { keepMemory: keepsMemory(graph), ...options }), rows, width };
}
