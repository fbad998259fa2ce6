import { join } from "node:path";
import { UserError } from "../../formats/error.ts";
import { describe, type JsonFields, readJsonFields } from "./jsonFields.ts";

/** The frequency rescaling of Llama 3.1 (transformers, modeling_rope_utils.py, _compute_llama3_parameters). */
export interface Llama3RopeScaling {
  readonly type: "llama3";
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  readonly originalMaxPositionEmbeddings: number;
}

/** A Llama config.json (transformers, LlamaConfig), validated. Sizes in elements, positions in tokens. */
export interface LlamaConfig {
  readonly architecture: "LlamaForCausalLM";
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKeyValueHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly maxPositionEmbeddings: number;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly ropeScaling: Llama3RopeScaling | null;
  readonly tieWordEmbeddings: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly hiddenAct: "silu";
  readonly bosTokenId: number | null;
  /** Llama 3 has several. */
  readonly eosTokenId: number | readonly number[] | null;
  /** The dtype the weights were published in, as written; null when the file does not say. */
  readonly dtype: string | null;
}

export const SUPPORTED_ARCHITECTURES: readonly string[] = ["LlamaForCausalLM"];

/** Real files have a few kB; some list thousands of labels. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
// The caps lie at least 4 times above the largest published models, and keep every product of two of them exact.
const MAX_HIDDEN_SIZE = 2 ** 18;
const MAX_INTERMEDIATE_SIZE = 2 ** 20;
const MAX_LAYERS = 2 ** 12;
const MAX_HEADS = 2 ** 12;
const MAX_HEAD_DIM = 2 ** 12;
const MAX_VOCAB_SIZE = 2 ** 22;
const MAX_POSITIONS = 2 ** 27;
const MAX_ROPE_THETA = 1e12;
const MAX_ROPE_FACTOR = 1e6;

/**
 * Reads config.json of a model directory.
 * @throws UserError naming the file, the field, what was found and what is supported
 */
export function readLlamaConfig(directory: string): LlamaConfig {
  const fields = readJsonFields(join(directory, "config.json"), MAX_CONFIG_BYTES);
  requireArchitecture(fields);
  refuseVariants(fields);
  const hiddenSize = fields.integer("hidden_size", 1, MAX_HIDDEN_SIZE);
  const numHeads = fields.integer("num_attention_heads", 1, MAX_HEADS);
  const numKeyValueHeads = fields.integer("num_key_value_heads", 1, numHeads, numHeads);
  if (numHeads % numKeyValueHeads !== 0) {
    throw new UserError(
      `${fields.path}: num_attention_heads ${numHeads} is no multiple of num_key_value_heads ${numKeyValueHeads}`,
    );
  }
  return {
    architecture: "LlamaForCausalLM",
    hiddenSize,
    intermediateSize: fields.integer("intermediate_size", 1, MAX_INTERMEDIATE_SIZE),
    numLayers: fields.integer("num_hidden_layers", 1, MAX_LAYERS),
    numHeads,
    numKeyValueHeads,
    headDim: readHeadDim(fields, hiddenSize, numHeads),
    vocabSize: fields.integer("vocab_size", 1, MAX_VOCAB_SIZE),
    maxPositionEmbeddings: fields.integer("max_position_embeddings", 1, MAX_POSITIONS, 2048),
    rmsNormEps: fields.number("rms_norm_eps", 0, 1, 1e-6),
    ropeTheta: readRopeTheta(fields),
    ropeScaling: readRopeScaling(fields),
    tieWordEmbeddings: fields.boolean("tie_word_embeddings", false),
    attentionBias: fields.boolean("attention_bias", false),
    mlpBias: fields.boolean("mlp_bias", false),
    hiddenAct: "silu",
    bosTokenId: readTokenId(fields, "bos_token_id"),
    eosTokenId: readTokenIds(fields, "eos_token_id"),
    // transformers 5 writes dtype where 4 wrote torch_dtype.
    dtype: fields.text("dtype") ?? fields.text("torch_dtype"),
  };
}

function requireArchitecture(fields: JsonFields): void {
  const architectures = fields.raw("architectures") ?? null;
  const supported = `supported: ${SUPPORTED_ARCHITECTURES.join(", ")}`;
  if (architectures === null) {
    const modelType = fields.text("model_type");
    if (modelType === "llama") return;
    throw new UserError(`${fields.path}: no architectures, and model_type is ${describe(modelType)}; ${supported}`);
  }
  if (!Array.isArray(architectures) || !architectures.every((item) => typeof item === "string")) {
    throw new UserError(`${fields.path}: architectures must be a list of names, found ${describe(architectures)}`);
  }
  if (!architectures.some((name) => SUPPORTED_ARCHITECTURES.includes(name))) {
    const found = architectures.map(describe).slice(0, 4).join(", ") || "an empty list";
    throw new UserError(`${fields.path}: architecture ${found} is not supported; ${supported}`);
  }
}

/** Settings that change what the network computes, and that we would otherwise pass over in silence. */
function refuseVariants(fields: JsonFields): void {
  const activation = fields.text("hidden_act") ?? "silu";
  if (activation !== "silu" && activation !== "swish") {
    throw new UserError(`${fields.path}: hidden_act ${describe(activation)} is not supported; supported: silu`);
  }
  if ((fields.raw("sliding_window") ?? null) !== null) {
    throw new UserError(`${fields.path}: sliding_window attention is not supported`);
  }
  const quantization = fields.object("quantization_config");
  if (quantization !== null) {
    const method = describe(quantization.raw("quant_method"));
    throw new UserError(
      `${fields.path}: the weights are already quantized (quant_method ${method}); give the original model`,
    );
  }
  if (fields.number("partial_rotary_factor", 0, 1, 1) !== 1) {
    throw new UserError(`${fields.path}: partial_rotary_factor other than 1 is not supported`);
  }
}

function readHeadDim(fields: JsonFields, hiddenSize: number, numHeads: number): number {
  if ((fields.raw("head_dim") ?? null) === null && hiddenSize % numHeads !== 0) {
    throw new UserError(`${fields.path}: hidden_size ${hiddenSize} is no multiple of num_attention_heads ${numHeads}`);
  }
  const headDim = fields.integer("head_dim", 1, MAX_HEAD_DIM, hiddenSize / numHeads);
  if (headDim % 2 !== 0) throw new UserError(`${fields.path}: head_dim ${headDim} is odd; rotary positions need pairs`);
  return headDim;
}

/** transformers 5 moves rope_theta and rope_scaling into rope_parameters; a file may hold both if they agree. */
function readRopeTheta(fields: JsonFields): number {
  const parameters = fields.object("rope_parameters");
  const outer = fields.number("rope_theta", 1, MAX_ROPE_THETA, 10_000);
  const inner = parameters?.number("rope_theta", 1, MAX_ROPE_THETA, outer) ?? outer;
  if (fields.has("rope_theta") && inner !== outer) {
    throw new UserError(`${fields.path}: rope_theta is ${outer} but rope_parameters.rope_theta is ${inner}`);
  }
  return inner;
}

function readRopeScaling(fields: JsonFields): Llama3RopeScaling | null {
  const scaling = fields.object("rope_scaling") ?? fields.object("rope_parameters");
  if (scaling === null) return null;
  const type = scaling.text("rope_type") ?? scaling.text("type") ?? "default";
  if (type === "default") return null;
  if (type !== "llama3") {
    throw new UserError(`${fields.path}: rope scaling ${describe(type)} is not supported; supported: default, llama3`);
  }
  const lowFreqFactor = scaling.number("low_freq_factor", Number.MIN_VALUE, MAX_ROPE_FACTOR);
  const highFreqFactor = scaling.number("high_freq_factor", Number.MIN_VALUE, MAX_ROPE_FACTOR);
  if (highFreqFactor <= lowFreqFactor) {
    throw new UserError(
      `${fields.path}: high_freq_factor ${highFreqFactor} must exceed low_freq_factor ${lowFreqFactor}`,
    );
  }
  return {
    type: "llama3",
    factor: scaling.number("factor", 1, MAX_ROPE_FACTOR),
    lowFreqFactor,
    highFreqFactor,
    originalMaxPositionEmbeddings: scaling.integer("original_max_position_embeddings", 1, MAX_POSITIONS),
  };
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
