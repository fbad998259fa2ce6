import { UserError } from "../../formats/error.ts";
import type { GgufFile } from "./gguf.ts";
import { type GgufFields, ggufFields } from "./ggufFields.ts";
import { PRE_TOKENIZERS } from "./ggufPreTokenizers.ts";
import { mergesByScore } from "./ggufScores.ts";

/** Token types of llama.cpp (llama.h, enum llama_token_type) that are matched in a text before anything else. */
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const NORMAL = 1;

/** tokenizer.json and tokenizer_config.json as transformers would have them. */
export interface TokenizerFiles {
  readonly tokenizer: Record<string, unknown>;
  readonly config: Record<string, unknown>;
}

interface Vocabulary {
  readonly tokens: readonly string[];
  readonly types: readonly number[] | null;
  readonly ids: ReadonlyMap<string, number>;
}

/**
 * The tokenizer a GGUF file holds: byte-level BPE ("gpt2") or SentencePiece BPE ("llama").
 * @throws UserError naming the key that is missing, or the kind that is not supported
 */
export function ggufTokenizer(file: GgufFile): TokenizerFiles {
  const { path } = file;
  const fields = ggufFields(path, file.metadata);
  const model = fields.text("tokenizer.ggml.model");
  if (model === null) throw new UserError(`${path} has no tokenizer (no metadata tokenizer.ggml.model)`);
  if (model !== "gpt2" && model !== "llama") {
    throw new UserError(
      `${path}: tokenizer ${JSON.stringify(model.slice(0, 60))} is not supported; supported: gpt2, llama`,
    );
  }
  const vocabulary = readVocabulary(path, fields);
  const parts = model === "gpt2" ? byteLevel(path, fields) : sentencePiece(path, fields, vocabulary);
  const bos = tokenOf(path, fields, "bos", vocabulary);
  const addsBos = (fields.boolean("tokenizer.ggml.add_bos_token") ?? parts.addsBos) && bos !== null;
  return {
    tokenizer: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: addedTokens(vocabulary),
      normalizer: parts.normalizer,
      pre_tokenizer: parts.preTokenizer,
      post_processor: addsBos ? prefixing(bos.text, bos.id) : null,
      decoder: parts.decoder,
      model: { type: "BPE", dropout: null, vocab: Object.fromEntries(vocabulary.ids), ...parts.model },
    },
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      add_bos_token: addsBos,
      bos_token: bos?.text ?? null,
      eos_token: tokenOf(path, fields, "eos", vocabulary)?.text ?? null,
      unk_token: tokenOf(path, fields, "unknown", vocabulary)?.text ?? null,
      pad_token: tokenOf(path, fields, "padding", vocabulary)?.text ?? null,
      clean_up_tokenization_spaces: false,
      ...(fields.has("tokenizer.chat_template") ? { chat_template: fields.text("tokenizer.chat_template") } : {}),
    },
  };
}

function readVocabulary(path: string, fields: GgufFields): Vocabulary {
  const tokens = fields.required("tokenizer.ggml.tokens", fields.texts);
  const types = fields.numbers("tokenizer.ggml.token_type");
  if (types !== null && types.length !== tokens.length) {
    throw new UserError(`${path}: ${types.length} token types for ${tokens.length} tokens`);
  }
  const ids = new Map(tokens.map((token, id) => [token, id]));
  if (ids.size !== tokens.length) {
    const twice = tokens.find((token, id) => ids.get(token) !== id)!;
    throw new UserError(`${path}: token ${JSON.stringify(twice.slice(0, 60))} appears twice in the vocabulary`);
  }
  return { tokens, types, ids };
}

function tokenOf(path: string, fields: GgufFields, role: string, { tokens }: Vocabulary) {
  const key = `tokenizer.ggml.${role}_token_id`;
  const id = fields.count(key);
  if (id === null) return null;
  const text = tokens[id];
  if (text === undefined) throw new UserError(`${path}: ${key} is ${id}, the vocabulary has ${tokens.length} tokens`);
  return { id, text };
}

function addedTokens({ tokens, types }: Vocabulary): object[] {
  const common = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return tokens.flatMap((content, id) => {
    const type = types?.[id];
    if (type === USER_DEFINED) return [{ id, content, ...common, special: false }];
    return type === CONTROL || type === UNKNOWN ? [{ id, content, ...common, special: true }] : [];
  });
}

interface Parts {
  readonly normalizer: object | null;
  readonly preTokenizer: object | null;
  readonly decoder: object;
  readonly model: object;
  /** What llama.cpp does where the file does not say. */
  readonly addsBos: boolean;
}

function byteLevel(path: string, fields: GgufFields): Parts {
  const pre = fields.text("tokenizer.ggml.pre") ?? "default";
  const found = PRE_TOKENIZERS.get(pre);
  if (found === undefined) {
    const supported = [...PRE_TOKENIZERS.keys()].join(", ");
    throw new UserError(
      `${path}: pre-tokenizer ${JSON.stringify(pre.slice(0, 60))} is not supported; supported: ${supported}`,
    );
  }
  const merges = fields.required("tokenizer.ggml.merges", fields.texts);
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const splits = found.patterns.map((Regex) => ({
    type: "Split",
    pattern: { Regex },
    behavior: "Isolated",
    invert: false,
  }));
  return {
    normalizer: null,
    preTokenizer: { type: "Sequence", pretokenizers: [...splits, bytes] },
    decoder: bytes,
    model: { unk_token: null, fuse_unk: false, byte_fallback: false, ignore_merges: found.wholeWords, merges },
    addsBos: found.addsBos,
  };
}

/** SentencePiece BPE in the terms of tokenizers, as transformers converts it (convert_slow_tokenizer.py, LlamaConverter). */
function sentencePiece(path: string, fields: GgufFields, { tokens, types }: Vocabulary): Parts {
  const scores = fields.required("tokenizer.ggml.scores", fields.numbers);
  if (scores.length !== tokens.length) {
    throw new UserError(`${path}: ${scores.length} token scores for ${tokens.length} tokens`);
  }
  const normal = tokens.flatMap((text, id): [string, number][] =>
    types === null || types[id] === NORMAL ? [[text, scores[id]!]] : [],
  );
  const spaced = fields.boolean("tokenizer.ggml.add_space_prefix") ?? true;
  const replace = { type: "Replace", pattern: { String: " " }, content: "▁" };
  const unknown = fields.count("tokenizer.ggml.unknown_token_id") ?? 0;
  return {
    normalizer: spaced ? { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }, replace] } : replace,
    preTokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(spaced ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      unk_token: tokens[unknown] ?? null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      merges: mergesByScore(new Map(normal)),
    },
    addsBos: true,
  };
}

/** A post-processor that puts one token in front. */
function prefixing(token: string, id: number): object {
  const special = (type_id: number) => ({ SpecialToken: { id: token, type_id } });
  const sequence = (name: string, type_id: number) => ({ Sequence: { id: name, type_id } });
  return {
    type: "TemplateProcessing",
    single: [special(0), sequence("A", 0)],
    pair: [special(0), sequence("A", 0), special(1), sequence("B", 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}
