import { createResidence, type Weights } from "../engine/residence.ts";
import type { SessionOptions } from "../engine/session.ts";
import { type Shrinking, shrinking, type Warn } from "../engine/shrink.ts";
import type { ModelConfig } from "../model/architectures/architecture.ts";
import type { RunningFormats } from "../model/architectures/runningFormats.ts";
import { createWaiting, type Waiting } from "../storage/waiting.ts";
import { type Compiled, compileAlone, compileBeside, FIGURES, REFERENCE } from "./besideGraph.ts";

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
