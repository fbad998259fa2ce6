/** @file Readers of the config.json fields that architectures share, with their limits. */
import { UserError } from "../../../formats/error.ts";
import { describe, type JsonFields } from "../jsonFields.ts";
import type { ModelConfig } from "./architecture.ts";

// The caps lie at least 4 times above the largest published models, and keep every product of two of them exact.
const MAX_HIDDEN_SIZE = 2 ** 18;
const MAX_INTERMEDIATE_SIZE = 2 ** 20;
export const MAX_LAYERS = 2 ** 12;
const MAX_HEADS = 2 ** 12;
const MAX_HEAD_DIM = 2 ** 12;
const MAX_VOCAB_SIZE = 2 ** 22;
export const MAX_POSITIONS = 2 ** 27;

/** How an architecture spells the common fields, and its defaults in transformers. */
export interface Spelling {
  readonly hiddenSize: string;
  readonly numLayers: string;
  readonly numHeads: string;
  readonly positions: string;
  readonly defaultPositions: number;
  /** Default of head_dim; the hidden size over the heads when absent. */
  readonly defaultHeadDim?: number;
  /** Default of tie_word_embeddings. */
  readonly tied: boolean;
}

/** The spelling of Llama and of most since. */
export const USUAL: Spelling = {
  hiddenSize: "hidden_size",
  numLayers: "num_hidden_layers",
  numHeads: "num_attention_heads",
  positions: "max_position_embeddings",
  defaultPositions: 2048,
  tied: false,
};

/** The first of these spellings that the file has; the first of all when it has none. */
export function spelled(fields: JsonFields, first: string, ...others: string[]): string {
  return [first, ...others].find((key) => fields.has(key)) ?? first;
}

/** The fields of ModelConfig. Throws UserError naming the file and the field; also for weights quantized already. */
export function readCommonFields(fields: JsonFields, architecture: string, spelling: Spelling): ModelConfig {
  refuseQuantized(fields);
  const hiddenSize = fields.integer(spelling.hiddenSize, 1, MAX_HIDDEN_SIZE);
  const numHeads = fields.integer(spelling.numHeads, 1, MAX_HEADS);
  const { defaultHeadDim = hiddenSize / numHeads } = spelling;
  if ((fields.raw("head_dim") ?? null) === null && !Number.isInteger(defaultHeadDim)) {
    const { hiddenSize: size, numHeads: heads } = spelling;
    throw new UserError(`${fields.path}: ${size} ${hiddenSize} is no multiple of ${heads} ${numHeads}`);
  }
  return {
    architecture,
    hiddenSize,
    numLayers: fields.integer(spelling.numLayers, 1, MAX_LAYERS),
    numHeads,
    headDim: fields.integer("head_dim", 1, MAX_HEAD_DIM, defaultHeadDim),
    vocabSize: fields.integer("vocab_size", 1, MAX_VOCAB_SIZE),
    maxPositionEmbeddings: fields.integer(spelling.positions, 1, MAX_POSITIONS, spelling.defaultPositions),
    tieWordEmbeddings: fields.boolean("tie_word_embeddings", spelling.tied),
    bosTokenId: readTokenId(fields, "bos_token_id"),
    eosTokenId: readTokenIds(fields, "eos_token_id"),
    // transformers 5 writes dtype where 4 wrote torch_dtype.
    dtype: fields.text("dtype") ?? fields.text("torch_dtype"),
  };
}

/** Width of the feed-forward, with the default `fallback` where the architecture has one. */
export function readIntermediateSize(fields: JsonFields, key: string, fallback?: number): number {
  return fields.integer(key, 1, MAX_INTERMEDIATE_SIZE, fallback);
}

/** Width of the embeddings where it may differ from the hidden size. */
export function readEmbeddingSize(fields: JsonFields, key: string, hiddenSize: number): number {
  return fields.integer(key, 1, MAX_HIDDEN_SIZE, hiddenSize);
}

/** num_key_value_heads: as many as heads where the file does not say. Throws UserError when they do not divide the heads. */
export function readKeyValueHeads(fields: JsonFields, numHeads: number): number {
  const heads = fields.integer("num_key_value_heads", 1, numHeads, numHeads);
  if (numHeads % heads === 0) return heads;
  throw new UserError(`${fields.path}: num_attention_heads ${numHeads} is no multiple of num_key_value_heads ${heads}`);
}

/** Throws UserError unless the boolean `key` is `value` (also its default): other settings compute something else. */
export function requireSetting(fields: JsonFields, key: string, value: boolean): void {
  if (fields.boolean(key, value) !== value) throw new UserError(`${fields.path}: ${key} ${!value} is not supported`);
}

/** The `quant_method` of what `quantize --packed` writes, which is read as the weights that it stands for. */
export const PACKED_METHOD = "bitfrontier";

function refuseQuantized(fields: JsonFields): void {
  const quantization = fields.object("quantization_config");
  if (quantization === null || quantization.raw("quant_method") === PACKED_METHOD) return;
  const method = describe(quantization.raw("quant_method"));
  throw new UserError(
    `${fields.path}: the weights are already quantized (quant_method ${method}); give the original model`,
  );
}

function readTokenId(fields: JsonFields, key: string): number | null {
  return (fields.raw(key) ?? null) === null ? null : fields.integer(key, 0, MAX_VOCAB_SIZE);
}

function readTokenIds(fields: JsonFields, key: string): number | readonly number[] | null {
  const value = fields.raw(key);
  if (!Array.isArray(value)) return readTokenId(fields, key);
  const ids = value.map(Number);
  const good = value.every((id) => typeof id === "bigint") && ids.every((id) => id >= 0 && id <= MAX_VOCAB_SIZE);
  if (!good) throw new UserError(`${fields.path}: ${key} must be a list of token ids`);
  return ids;
}
