import { createHash } from "node:crypto";
import { UserError } from "../../formats/error.ts";
import { isGguf, modelTextPath, readModelText } from "./modelText.ts";
import { attempt, createLibrary, isObject, parseObject, type TokenizerLibrary } from "./tokenizerLibrary.ts";

export interface EncodeOptions {
  /** Whether to put the BOS token in front; by default, what the tokenizer itself does. An EOS is never added. */
  readonly bos?: boolean;
}

export interface TextTokenizer {
  /** Token ids of a whole text. @throws UserError for a text that is too long, or that the vocabulary cannot express */
  encode(text: string, options?: EncodeOptions): Int32Array;
  /** The text of token ids, special tokens left out, spaces untouched. @throws UserError for an id outside the vocabulary */
  decode(ids: ArrayLike<number>): string;
  /** The highest token id plus one (added tokens included): what an embedding table must have at least. */
  readonly vocabSize: number;
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  /** Whether encode() puts BOS in front by default. */
  readonly addsBos: boolean;
  /** SHA-256 (hex) of tokenizer.json and tokenizer_config.json: token ids may be cached under it. */
  readonly sha256: string;
}

/** The largest published tokenizer.json has about 35 MB (Gemma 3). */
const MAX_TOKENIZER_BYTES = 128 * 1024 * 1024;
const DECODE_OPTIONS = { skip_special_tokens: true, clean_up_tokenization_spaces: false };
const MAX_TOKENIZER_CONFIG_BYTES = 16 * 1024 * 1024;
/**
 * The library holds every token as a string: 80 (byte-level BPE) to 160 bytes (one token a character) of heap for each
 * character were measured, and the heap of Node ends at 2 GB on small machines.
 */
const MAX_TEXT_CHARACTERS = 8 * 1024 * 1024;

/**
 * Reads tokenizer.json (and tokenizer_config.json, if present) of a model directory, or the tokenizer of a GGUF file.
 * @throws UserError naming the file when it is absent, malformed or of an unsupported kind
 */
export function loadTokenizer(directory: string): TextTokenizer {
  const path = modelTextPath(directory, "tokenizer.json");
  const configPath = modelTextPath(directory, "tokenizer_config.json");
  const text = readModelText(directory, "tokenizer.json", MAX_TOKENIZER_BYTES);
  if (text === null) throw new UserError(`${directory} has no ${isGguf(directory) ? "tokenizer" : "tokenizer.json"}`);
  const configText = readModelText(directory, "tokenizer_config.json", MAX_TOKENIZER_CONFIG_BYTES) ?? "{}";
  const config = parseObject(configText, configPath);
  const { library, ids } = createLibrary(parseObject(text, path), config, path);
  const known = new Set(ids.values());
  let vocabSize = 0;
  for (const id of known) vocabSize = Math.max(vocabSize, id + 1);

  const prefix = attempt(`${path} cannot be used`, () => templatePrefix(library));
  if (!prefix.every((id) => known.has(id))) throw new UserError(`${path}: the post-processor adds an unknown token`);
  const bosTokenId = tokenIdOf(config.bos_token, ids) ?? (prefix.length === 1 ? prefix[0]! : null);
  const addsBos = bosPolicy(config.add_bos_token, prefix, bosTokenId, configPath);
  const unknown = (id: unknown): boolean => !known.has(id as number);
  return {
    encode(input, options = {}) {
      if (input.length > MAX_TEXT_CHARACTERS) {
        throw new UserError(
          `a text of ${input.length} characters is too long to tokenize; at most ${MAX_TEXT_CHARACTERS}`,
        );
      }
      const bos = options.bos ?? addsBos;
      if (bos && bosTokenId === null) throw new UserError(`${path} has no BOS token to put in front of a text`);
      // Unigram models overflow the stack on some 100,000 characters unless a pre-tokenizer splits them.
      const body = attempt(`${path}: cannot tokenize a text of ${input.length} characters`, () =>
        encodeBare(library, input),
      );
      if (body.some(unknown))
        throw new UserError(`${path}: a part of the text has no token, and there is no unknown token`);
      const result = new Int32Array(body.length + (bos ? 1 : 0));
      if (bos) result[0] = bosTokenId as number;
      result.set(body, bos ? 1 : 0);
      return result;
    },
    decode(tokens) {
      const list = Array.from(tokens);
      const bad = list.find(unknown);
      if (bad !== undefined) throw new UserError(`${path}: there is no token with id ${bad}`);
      if (list.length === 0) return "";
      return attempt(`${path}: cannot decode`, () => library.decode(list, DECODE_OPTIONS));
    },
    vocabSize,
    bosTokenId,
    eosTokenId: tokenIdOf(config.eos_token, ids),
    addsBos,
    sha256: createHash("sha256")
      .update(JSON.stringify([text, configText]))
      .digest("hex"),
  };
}

function encodeBare(library: TokenizerLibrary, text: string): number[] {
  return library.encode(text, { add_special_tokens: false }).ids;
}

/** What the post-processor puts before a text. */
function templatePrefix(library: TokenizerLibrary): number[] {
  const bare = encodeBare(library, "a");
  const full = library.encode("a", { add_special_tokens: true }).ids;
  const start = full.findIndex((_, i) => bare.every((id, j) => full[i + j] === id));
  return start < 0 ? [] : full.slice(0, start);
}

/** An explicit add_bos_token decides (transformers rewrites the post-processor by it), else the post-processor does. */
function bosPolicy(addBosToken: unknown, prefix: readonly number[], bos: number | null, configPath: string): boolean {
  if (typeof addBosToken !== "boolean") return prefix.length === 1 && prefix[0] === bos;
  if (addBosToken && bos === null)
    throw new UserError(`${configPath}: add_bos_token is true, but there is no bos_token`);
  return addBosToken;
}

/** Special tokens are written as their text, or as an object with `content`. */
function tokenIdOf(token: unknown, ids: ReadonlyMap<string, number>): number | null {
  const text = isObject(token) ? token.content : token;
  return typeof text === "string" ? (ids.get(text) ?? null) : null;
}
