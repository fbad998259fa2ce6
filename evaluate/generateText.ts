import { UserError } from "../formats/error.ts";
import type { FoundDevice } from "./engine/devices.ts";
import { shrinking } from "./engine/shrink.ts";
import { createDecoder } from "./generate/decoder.ts";
import { isDegenerate } from "./generate/degenerate.ts";
import { generate, type Start, vocabularyStarts } from "./generate/generate.ts";
import type { Sampling } from "./generate/sampling.ts";
import { type FetchProgress, fetchModel } from "./model/index.ts";
import { contextOf, type LoadedModel, loadModel } from "./model/loadedModel.ts";

export interface GenerateTextOptions extends Sampling {
  /** Directory, GGUF file, Hub id (downloaded if need be), or "reference". */
  model: string;
  /** Tokens to make, prompts included; whole sequences, so the last may go over. */
  tokens: number;
  /** Tokens of the longest sequence; the model's maximum or LENGTH when null. */
  length: number | null;
  /** What to continue, again and again until there are enough tokens; null starts from the vocabulary (LLM-QAT). */
  prompts: readonly string[] | null;
  seed: number;
  threads?: number;
  /** Where the model runs; the CPU when absent. */
  device?: FoundDevice;
  onFetch?: (progress: FetchProgress) => void;
  onProgress?: (tokens: number) => void;
}

export interface GeneratedText {
  /** Sequences with an empty line between them. */
  text: string;
  sequences: number;
  tokens: number;
  /** Sequences left out because they mostly repeat themselves. */
  degenerate: number;
  /** That memory did not suffice for as many sequences side by side, say. */
  warnings: string[];
}

/** Longer sequences than this drift off and need more memory for what is kept of them. */
export const LENGTH = 256;

const BATCH = 32;

/** More tokens than this take weeks on a CPU. */
export const TOKENS_MAX = 1_000_000_000;

/**
 * Text that a model writes itself: data for calibration and retraining where there is none. Throws UserError naming the
 * model, the prompt that is too long, or that hardly any sequence was worth keeping.
 */
export async function generateText({
  model: spec,
  tokens: wanted,
  length: asked,
  prompts,
  seed,
  threads,
  device,
  onFetch,
  onProgress,
  ...sampling
}: GenerateTextOptions): Promise<GeneratedText> {
  await fetchModel(spec, onFetch && { onProgress: onFetch });
  const model = loadModel(spec);
  const length = Math.min(contextOf(model, asked), asked ?? LENGTH);
  const startsOf = startsFor(model, prompts, length);
  const { config, shapes, weights, tokenizer } = model;
  const never = Array.from({ length: config.vocabSize }, (_, id) => id).filter((id) => textOf(tokenizer, id) === null);
  const warnings: string[] = [];
  const engine = { ...(threads ? { threads } : {}), ...(device ? { device: device.device } : {}) };
  const decoders = shrinking(
    "generation",
    BATCH,
    (batch) => createDecoder(config, shapes, { batch, length, ...engine }),
    (text) => warnings.push(text),
  );
  const texts: string[] = [];
  let [tokens, degenerate, round] = [0, 0, 0];
  try {
    while (tokens < wanted) {
      const starts = startsOf(Math.min(BATCH * 8, Math.ceil((wanted - tokens) / length)), round);
      const options = { ...sampling, ends: endsOf(model), never, seed: seed + round };
      // A sequence does not depend on those beside it, nor a round on how many of them there were.
      const sequences = await decoders.use((decoder) => listed(generate(decoder, weights, starts, options)));
      for (const sequence of sequences) {
        if (tokens >= wanted) break;
        if (isDegenerate(sequence)) degenerate++;
        else {
          texts.push(tokenizer.decode(sequence).trim());
          tokens += sequence.length;
          onProgress?.(tokens);
        }
      }
      round++;
      if (degenerate > 100 && degenerate > 20 * texts.length)
        throw new UserError(
          `${model.name}: ${degenerate} of ${degenerate + texts.length} sequences repeat themselves; a higher temperature may help`,
        );
    }
  } finally {
    await decoders.release();
  }
  return { text: `${texts.join("\n\n")}\n`, sequences: texts.length, tokens, degenerate, warnings };
}

async function listed<T>(all: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const each of all) list.push(each);
  return list;
}

/** Starts of a round; rounds take up the list of prompts, or the vocabulary, where the one before ended. */
function startsFor({ tokenizer }: LoadedModel, prompts: readonly string[] | null, length: number) {
  if (prompts === null) {
    const before = tokenizer.addsBos ? [tokenizer.bosTokenId!] : [];
    // Special tokens decode to nothing, and so do bytes that are no text by themselves.
    const vocabulary = Array.from({ length: tokenizer.vocabSize }, (_, id) => id).filter((id) =>
      /[^\s\uFFFD]/.test(textOf(tokenizer, id) ?? ""),
    );
    return (count: number, round: number): Start[] => {
      const turned = vocabulary.map((_, i) => vocabulary[(i + round * 7919) % vocabulary.length]!);
      return vocabularyStarts(turned, count, before);
    };
  }
  const encoded = prompts.map((prompt) => {
    const ids = tokenizer.encode(prompt);
    if (ids.length === 0) throw new UserError("generate: a prompt is empty");
    if (ids.length >= length)
      throw new UserError(
        `generate: a prompt of ${ids.length} tokens leaves nothing of ${length}: "${prompt.slice(0, 40)}"`,
      );
    return { prompt: [...ids], greedy: 0 };
  });
  let next = 0;
  return (count: number): Start[] => Array.from({ length: count }, () => encoded[next++ % encoded.length]!);
}

/** Text of a token; null where the tokenizer has none of that id, as for rows of a padded embedding. */
function textOf(tokenizer: LoadedModel["tokenizer"], id: number): string | null {
  try {
    return tokenizer.decode([id]);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

function endsOf({ config: { eosTokenId, bosTokenId } }: LoadedModel): number[] {
  const ends = eosTokenId === null ? [] : typeof eosTokenId === "number" ? [eosTokenId] : [...eosTokenId];
  // Models trained on documents that each begin with BOS end one by beginning the next.
  return bosTokenId === null ? ends : [...ends, bosTokenId];
}
