/** Sequences of a run are of similar length, and a graph serves some: lengths are padded to multiples of this, */
const LENGTH_STEP = 16;
/** and of so much of a long one, which adds a tenth to it at most. */
const LENGTH_SHARE = 1 / 10;
/** Graphs kept compiled, the last used: each takes memory, and some of a run's time to make anew. */
export const GRAPHS_MAX = 12;

export interface RunLimits {
  /** Positions of the model. */
  readonly most: number;
  /** Positions of one run. */
  readonly tokensPerRun: number;
}

/** A run of sequences whose longest has `length` tokens, of the `left` that wait: `batch` of them, padded to `time` tokens. */
export function sequenceRun(length: number, left: number, { most, tokensPerRun }: RunLimits) {
  const step = Math.max(LENGTH_STEP, 2 ** Math.floor(Math.log2(length * LENGTH_SHARE)));
  const time = Math.min(most, Math.ceil(length / step) * step);
  return { time, batch: Math.max(1, Math.min(Math.floor(tokensPerRun / time), left)) };
}

/** Graphs that are compiled at once for sequences of these lengths in tokens, a graph for each time and batch of their runs. */
export function compiledGraphs(lengths: readonly number[], limits: RunLimits): number {
  const longestFirst = [...lengths].sort((a, b) => b - a);
  const found = new Set<string>();
  for (let done = 0; done < longestFirst.length && found.size < GRAPHS_MAX; ) {
    const { time, batch } = sequenceRun(longestFirst[done]!, longestFirst.length - done, limits);
    found.add(`${batch} of ${time}`);
    done += batch;
  }
  return found.size;
}
