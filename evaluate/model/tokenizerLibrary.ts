import { Tokenizer } from "@huggingface/tokenizers";
import { UserError } from "../../formats/error.ts";
import { cutUnjoinable, joinablePairs } from "./bpeCuts.ts";

export type JsonObject = Record<string, unknown>;

type PreTokenizer = (text: string, options?: object) => string[];

/**
 * The part of @huggingface/tokenizers we use. (Its own declarations import without file extensions, which nodenext
 * cannot resolve.)
 */
export interface TokenizerLibrary {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  pre_tokenizer: PreTokenizer | null;
}

/** Same limit as vocab_size in config.json. */
const MAX_TOKEN_ID = 2 ** 22;
const MODEL_TYPES: readonly string[] = ["BPE", "Unigram", "WordPiece"];
/** Every part is optional in the format, but the library wants to see the keys. */
const NO_PARTS = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };

/**
 * Validates what the library takes on trust, then builds it.
 * @returns the library, and the id of every token by its text
 * @throws UserError naming `path`
 */
export function createLibrary(
  json: JsonObject,
  config: JsonObject,
  path: string,
): { library: TokenizerLibrary; ids: Map<string, number> } {
  const { model } = json;
  if (!isObject(model)) throw new UserError(`${path} has no model`);
  // Files from before the type was written are BPE when they have merges (tokenizers reads them alike).
  const type = model.type ?? (Array.isArray(model.merges) ? "BPE" : null);
  if (!MODEL_TYPES.includes(type as string)) {
    throw new UserError(
      `${path}: model type ${String(type).slice(0, 60)} is not supported; supported: ${MODEL_TYPES.join(", ")}`,
    );
  }
  if (type === "BPE" && !Array.isArray(model.merges)) throw new UserError(`${path}: model.merges must be a list`);
  const added = json.added_tokens ?? [];
  if (!Array.isArray(added)) throw new UserError(`${path}: added_tokens must be a list`);
  const ids = new Map<string, number>();
  for (const [token, id] of [...vocabularyOf(model, path), ...added.map(addedToken)]) {
    if (typeof token !== "string" || !Number.isInteger(id) || Number(id) < 0 || Number(id) > MAX_TOKEN_ID) {
      const shown = String(JSON.stringify(token)).slice(0, 60);
      throw new UserError(`${path}: token ${shown} must be a text with an id from 0 to ${MAX_TOKEN_ID}`);
    }
    ids.set(token, Number(id));
  }
  if (ids.size === 0) throw new UserError(`${path}: the vocabulary is empty`);
  const library = attempt(`${path} cannot be used`, () => {
    const tokenizer: TokenizerLibrary = new Tokenizer(
      { ...NO_PARTS, ...json, model: { ...model, type }, added_tokens: added },
      { ...config, clean_up_tokenization_spaces: false },
    );
    return tokenizer;
  });
  if (type === "BPE") cutLongWords(library, json.pre_tokenizer, model);
  return { library, ids };
}

/**
 * Runs library code, whose errors on malformed parts are of every kind.
 * @throws UserError: `what`, and the first line of the library's message
 */
export function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new UserError(`${what}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
  }
}

function vocabularyOf(model: JsonObject, path: string): [unknown, unknown][] {
  if (isObject(model.vocab)) return Object.entries(model.vocab);
  // Unigram: a list of [piece, score], the id being the position.
  if (Array.isArray(model.vocab)) return model.vocab.map((piece, id) => [Array.isArray(piece) ? piece[0] : null, id]);
  throw new UserError(`${path}: model.vocab must be an object or a list`);
}

function addedToken(token: unknown): [unknown, unknown] {
  return isObject(token) ? [token.content, token.id] : [null, null];
}

/**
 * Without a pre-tokenizer (or with Metaspace, which the library leaves whole) a text is one word, on which the library
 * is slow and hungry. Plain BPE allows cuts that change no token; ignore_merges and affixes look at whole words.
 */
function cutLongWords(library: TokenizerLibrary, preTokenizer: unknown, model: JsonObject): void {
  const whole = library.pre_tokenizer === null || (isObject(preTokenizer) && preTokenizer.type === "Metaspace");
  const plain = !model.ignore_merges && !model.continuing_subword_prefix && !model.end_of_word_suffix;
  if (!whole || !plain) return;
  const pairs = joinablePairs(model.merges as unknown[]);
  const inner = library.pre_tokenizer;
  library.pre_tokenizer = (text, options) => {
    const words = inner === null ? [text] : inner(text, options);
    return words.flatMap((word) => cutUnjoinable(word, pairs));
  };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws UserError naming `path` when the text is no JSON object */
export function parseObject(text: string, path: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is not valid JSON: ${(error as Error).message.split("\n")[0]}`);
  }
  if (!isObject(value)) throw new UserError(`${path} does not hold a JSON object`);
  return value;
}
