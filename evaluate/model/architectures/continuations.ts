import { createResidence, type Weights } from "../../engine/residence.ts";
import type { SessionOptions } from "../../engine/session.ts";
import { type Shrinking, shrinking, type Warn } from "../../engine/shrink.ts";
import type { ModelConfig } from "./architecture.ts";
import type { RunningFormats } from "./runningFormats.ts";
import { createTokenScorer, type TokenScorer } from "./tokenScorer.ts";

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
  score(weights: Weights, requests: readonly Continuation[]): Promise<ContinuationScore[]>;
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

/** The shortest compiled length: below it a run's fixed cost dominates. */
const SHORTEST = 16;

/**
 * Scores continuations of varying length. Sequences are padded on the right to the next power of two, which a causal model
 * does not see at the positions that are read; sorted by length, so that a batch holds similar ones. One session, of the
 * length at hand, is there at a time: each holds on to the memory of its runs.
 */
export function createContinuationScorer(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  { context: most, tokensPerRun, warn, ...options }: ContinuationOptions,
): ContinuationScorer {
  const scorers = new Map<number, Shrinking<TokenScorer>>();
  const residence = createResidence(options);

  let current: number | null = null;

  async function scorerOf(time: number): Promise<Shrinking<TokenScorer>> {
    if (current !== null && current !== time) await scorers.get(current)?.release();
    current = time;
    const most = Math.max(1, Math.floor(tokensPerRun / time));
    const compile = (batch: number) => createTokenScorer(config, shapes, { batch, time, argmax: true, ...options });
    const made = scorers.get(time) ?? shrinking("evaluation", most, compile, warn);
    scorers.set(time, made);
    return made;
  }

  function lengthOf({ context, continuation }: Continuation): number {
    const length = context.length + continuation.length - 1;
    if (context.length === 0 || continuation.length === 0 || length > most)
      throw new RangeError(`continuation: ${context.length} + ${continuation.length} tokens for ${most} positions`);
    return length;
  }

  return {
    async score(weights, requests) {
      const lengths = requests.map(lengthOf);
      const order = lengths.map((_, i) => i).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
      const scores: ContinuationScore[] = new Array(requests.length);
      const placed = await residence.place(weights, shapes);
      try {
        for (let done = 0; done < order.length; ) {
          const time = Math.min(most, Math.max(SHORTEST, 2 ** Math.ceil(Math.log2(lengths[order[done]!]!))));
          done += await (await scorerOf(time)).use(async (scorer) => {
            const last = order.findIndex((i, at) => at >= done && (lengths[i]! > time || at - done >= scorer.batch));
            const batch = order.slice(done, last < 0 ? order.length : last);
            scorer.tokens.fill(0n);
            scorer.labels.fill(0n);
            for (const [row, i] of batch.entries()) fill(scorer, row, requests[i]!);
            await scorer.run(placed.feeds);
            for (const [row, i] of batch.entries()) scores[i] = read(scorer, row, requests[i]!);
            return batch.length;
          });
        }
      } finally {
        placed.free();
      }
      return scores;
    },
    async release() {
      for (const scorer of scorers.values()) await scorer.release();
      scorers.clear();
      await residence.release();
    },
  };
}

function fill({ tokens, labels, time }: TokenScorer, row: number, { context, continuation }: Continuation): void {
  const ids = [...Array.from(context), ...Array.from(continuation)];
  for (let t = 0; t + 1 < ids.length; t++) {
    tokens[row * time + t] = BigInt(ids[t]!);
    labels[row * time + t] = BigInt(ids[t + 1]!);
  }
}

function read({ labels, nll, top, time }: TokenScorer, row: number, request: Continuation): ContinuationScore {
  const first = row * time + request.context.length - 1;
  const logProbs = Float64Array.from({ length: request.continuation.length }, (_, t) => -nll[first + t]!);
  // The most likely token of NaN logits means nothing.
  const greedy = logProbs.every((value, t) => Number.isFinite(value) && top[first + t] === labels[first + t]);
  return { logProbs, greedy };
}
