import { uniforms } from "../random.ts";
import type { Decoder } from "./decoder.ts";
import { greedy, type Sampling, sample } from "./sampling.ts";

/** What a sequence starts from. */
export interface Start {
  readonly prompt: readonly number[];
  /** Tokens after the prompt that are taken greedily before sampling sets in. */
  readonly greedy: number;
}

export interface GenerateOptions extends Sampling {
  /** Tokens that end a sequence; they are not part of it. */
  readonly ends: readonly number[];
  /** Tokens that are never taken, such as rows of a padded embedding that no text has. */
  readonly never: readonly number[];
  readonly seed: number;
}

/**
 * Continues every start to the decoder's length or an end token, the prompt included. A sequence depends on its start,
 * its place in the list and the seed, not on what is decoded beside it. Yields in the order of the starts.
 */
export async function* generate(
  decoder: Decoder,
  weights: ReadonlyMap<string, Float32Array>,
  starts: readonly Start[],
  { ends, never, seed, ...sampling }: GenerateOptions,
): AsyncGenerator<Int32Array> {
  const { batch, length, vocabSize } = decoder;
  for (let from = 0; from < starts.length; from += batch) {
    const group = starts.slice(from, from + batch);
    const sequences = group.map(({ prompt }) => [...prompt]);
    const draws = group.map((_, i) => uniforms(seed * 0x9e3779b1 + from + i));
    const ended = group.map(() => false);
    decoder.reset();
    while (decoder.position < length && ended.includes(false)) {
      const at = decoder.position;
      // Sequences that ended, and the rest of a short batch, read a token that nobody looks at.
      const tokens = Array.from({ length: batch }, (_, i) => sequences[i]?.[at] ?? 0);
      const logits = await decoder.step(weights, tokens);
      for (const [i, sequence] of sequences.entries()) {
        if (ended[i] || sequence.length > at + 1) continue;
        if (sequence.length === length) {
          ended[i] = true;
          continue;
        }
        const own = logits.subarray(i * vocabSize, (i + 1) * vocabSize);
        for (const token of never) own[token] = Number.NEGATIVE_INFINITY;
        const { prompt, greedy: first } = group[i]!;
        const next = sequence.length < prompt.length + first ? greedy(own) : sample(own, sampling, draws[i]!());
        if (ends.includes(next)) ended[i] = true;
        else sequence.push(next);
      }
    }
    for (const sequence of sequences) yield Int32Array.from(sequence);
  }
}

/**
 * The starts of LLM-QAT's data-free text (Liu et al. 2023, §2.1): a token of the vocabulary, two to four more taken
 * greedily, then sampling. Its code starts 3 to 5 tokens long from every token; here `count` tokens spread evenly over
 * `vocabulary`, cycling through the three lengths.
 */
export function vocabularyStarts(vocabulary: readonly number[], count: number, before: readonly number[]): Start[] {
  return Array.from({ length: count }, (_, i) => {
    const token = vocabulary[Math.floor((i * vocabulary.length) / count) % vocabulary.length]!;
    return { prompt: [...before, token], greedy: 2 + (i % 3) };
  });
}
