import { uniforms } from "../random.ts";

/** Token windows, row-major [count, context]: whatever a student learns from, a text or what its teacher wrote. */
export interface TokenWindows {
  readonly windows: Int32Array;
  readonly count: number;
  readonly context: number;
}

/** Windows in a random order, another one each epoch: a function of (seed, step), so that a resumed run sees the same. */
export function shuffledWindows(count: number, batch: number, seed: number): (step: number) => number[] {
  let epoch = -1;
  let order: Uint32Array = new Uint32Array(0);
  const at = (position: number) => {
    const wanted = Math.floor(position / count);
    if (wanted !== epoch) [epoch, order] = [wanted, permutation(count, Math.imul(seed + 1, 0x9e3779b1) + wanted)];
    return order[position % count]!;
  };
  return (step) => Array.from({ length: batch }, (_, i) => at(step * batch + i));
}

function permutation(count: number, seed: number): Uint32Array {
  const uniform = uniforms(seed);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** One window in this many watches the training; the others train. */
const HELDOUT_PERIOD = 16;
/** Enough to tell whether training helps, few enough not to slow it. */
const HELDOUT_MAX = 64;

/** Splits windows into those trained on and those held out to choose when to stop, evenly spaced over the text. */
export function splitHeldout({ windows, count, context }: TokenWindows): {
  train: TokenWindows;
  heldout: TokenWindows;
} {
  const spacing = Math.max(HELDOUT_PERIOD, Math.ceil(count / HELDOUT_MAX));
  const isHeldout = (i: number) => i % spacing === spacing - 1 || (count < spacing && i === count - 1);
  const part = (wanted: boolean) => {
    const kept = Array.from({ length: count }, (_, i) => i).filter((i) => isHeldout(i) === wanted);
    const out = new Int32Array(kept.length * context);
    for (const [k, i] of kept.entries()) out.set(windows.subarray(i * context, (i + 1) * context), k * context);
    return { windows: out, count: kept.length, context };
  };
  return { train: part(false), heldout: part(true) };
}

/** Fills tokens and labels, both [batch·(context − 1)], with the windows of the given numbers. */
export function fillBatch(
  { windows, context }: TokenWindows,
  chosen: readonly number[],
  tokens: BigInt64Array,
  labels: BigInt64Array,
): void {
  const time = context - 1;
  chosen.forEach((window, b) => {
    for (let t = 0; t < time; t++) {
      tokens[b * time + t] = BigInt(windows[window * context + t]!);
      labels[b * time + t] = BigInt(windows[window * context + t + 1]!);
    }
  });
}
