import { createHash } from "node:crypto";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { UserError } from "../../formats/error.ts";
import { pathIs } from "../files.ts";
import { readTextFile } from "./readAt.ts";

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
const MAX_TOKENIZER_CONFIG_BYTES = 16 * 1024 * 1024;
/** Same limit as vocab_size in config.json. */
const MAX_TOKEN_ID = 2 ** 22;
/** The library needs up to 300 bytes of memory for each character of a text that its tokenizer does not split into words. */
const MAX_TEXT_CHARACTERS = 16 * 1024 * 1024;

/**
 * Reads tokenizer.json (and tokenizer_config.json, if present) of a model directory.
 * @throws UserError naming the file when it is absent, malformed or of an unsupported kind
 */
export function loadTokenizer(directory: string): TextTokenizer {
  const path = join(directory, "tokenizer.json");
  if (!pathIs("file", path)) throw new UserError(`${directory} has no tokenizer.json`);
  const configPath = join(directory, "tokenizer_config.json");
  const text = readTextFile(path, MAX_TOKENIZER_BYTES);
  const configText = pathIs("file", configPath) ? readTextFile(configPath, MAX_TOKENIZER_CONFIG_BYTES) : "{}";
  const config = parseObject(configText, configPath);
  const { library, ids } = createLibrary(parseObject(text, path), config, path);
  const known = new Set(ids.values());
  let vocabSize = 0;
  for (const id of known) vocabSize = Math.max(vocabSize, id + 1);

  const prefix = templatePrefix(library);
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
      const body = library.encode(input, { add_special_tokens: false }).ids;
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
      return library.decode(list, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
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

type JsonObject = Record<string, unknown>;

/** The part of the library we use; its own declarations import without file extensions, which nodenext cannot resolve. */
interface Library {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseObject(text: string, path: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} is not valid JSON: ${(error as Error).message.split("\n")[0]}`);
  }
  if (!isObject(value)) throw new UserError(`${path} does not hold a JSON object`);
  return value;
}

/** Validates what the library takes on trust, then builds it. `ids` maps every token's text to its id. */
function createLibrary(
  json: JsonObject,
  config: JsonObject,
  path: string,
): { library: Library; ids: Map<string, number> } {
  const { model } = json;
  if (!isObject(model)) throw new UserError(`${path} has no model`);
  const ids = new Map<string, number>();
  const add = (token: unknown, id: unknown): void => {
    if (typeof token !== "string" || !Number.isInteger(id) || (id as number) < 0 || (id as number) > MAX_TOKEN_ID) {
      throw new UserError(
        `${path}: token ${String(JSON.stringify(token)).slice(0, 60)} has no id from 0 to ${MAX_TOKEN_ID}`,
      );
    }
    ids.set(token, id as number);
  };
  if (isObject(model.vocab)) for (const [token, id] of Object.entries(model.vocab)) add(token, id);
  else if (Array.isArray(model.vocab))
    model.vocab.forEach((piece, id) => void add(Array.isArray(piece) ? piece[0] : null, id));
  else throw new UserError(`${path}: model.vocab must be an object or a list`);
  const added = json.added_tokens ?? [];
  if (!Array.isArray(added)) throw new UserError(`${path}: added_tokens must be a list`);
  for (const token of added) add(isObject(token) ? token.content : null, isObject(token) ? token.id : null);
  if (ids.size === 0) throw new UserError(`${path}: the vocabulary is empty`);
  const nothing = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
  try {
    const library: Library = new Tokenizer(
      { ...nothing, ...json, added_tokens: added },
      { ...config, clean_up_tokenization_spaces: false },
    );
    return { library, ids };
  } catch (error) {
    throw new UserError(`${path} cannot be used: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** What the post-processor puts before a text. */
function templatePrefix(library: Library): number[] {
  const bare = library.encode("a", { add_special_tokens: false }).ids;
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
