/** How the next token follows from the logits. */
export interface Sampling {
  /** Logits are divided by it; 0 takes the most likely token. */
  readonly temperature: number;
  /** Only this many of the most likely tokens (and their equals); 0 for all. */
  readonly topK: number;
  /** Only the most likely tokens that together have this probability; 1 for all. */
  readonly topP: number;
}

/** The most likely token, the first of equals. */
export function greedy(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

/**
 * A token drawn by a uniform number in [0, 1) from softmax(logits / temperature) after top-k and then top-p, as
 * transformers' generate orders them. Throws where no logit is finite.
 */
export function sample(logits: Float32Array, { temperature, topK, topP }: Sampling, uniform: number): number {
  if (temperature === 0) return greedy(logits);
  const most = logits[greedy(logits)]!;
  if (!Number.isFinite(most)) throw new Error(`internal: the largest logit is ${most}`);
  const least =
    topK > 0 && topK < logits.length ? logits.slice().sort()[logits.length - topK]! : Number.NEGATIVE_INFINITY;
  const kept: number[] = [];
  for (let i = 0; i < logits.length; i++) if (logits[i]! >= least) kept.push(i);
  const odds = (i: number) => Math.exp((logits[i]! - most) / temperature);
  if (topP < 1) {
    kept.sort((a, b) => logits[b]! - logits[a]! || a - b);
    const enough = topP * kept.reduce((sum, i) => sum + odds(i), 0);
    let [count, sum] = [0, 0];
    while (count < kept.length && (count === 0 || sum < enough)) sum += odds(kept[count++]!);
    kept.length = count;
  }
  let left = uniform * kept.reduce((sum, i) => sum + odds(i), 0);
  for (const i of kept) {
    left -= odds(i);
    if (left < 0) return i;
  }
  return kept.at(-1)!;
}
