import { UserError } from "../../formats/error.ts";
import {
  type LinearLayer,
  linearLayers,
  loadTokenizer,
  loadWeights,
  type ModelConfig,
  openCheckpoint,
  readLayers,
  readModelConfig,
  resolveModel,
  type TextTokenizer,
  tensorShapes,
} from "./index.ts";

/** What a model is, without its weights. */
export interface ModelHead {
  /** As asked for: folder name, Hub id or "reference". */
  readonly name: string;
  readonly dir: string;
  readonly config: ModelConfig;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly linears: readonly LinearLayer[];
  readonly tokenizer: TextTokenizer;
}

/** A model in memory, ready to run: at full precision, but while a trial has its own weights in the arrays of the linear layers. */
export interface LoadedModel extends ModelHead {
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** SHA-256 of the weights file (of the shards' hashes where there are several). */
  readonly sha256: string;
}

/** Reads a MODEL argument. Throws UserError naming the file, the tensor or the architecture that stands in the way. */
export function loadModel(spec: string): LoadedModel {
  return withWeights(readModelHead(spec));
}

/** Configuration and tokenizer of a MODEL argument. Throws UserError as `loadModel`. */
export function readModelHead(spec: string): ModelHead {
  const resolved = resolveModel(spec);
  if (resolved.kind === "file") {
    throw new UserError(
      `${spec} is a single safetensors file; evaluation needs a folder with config.json and tokenizer`,
    );
  }
  const { name, dir } = resolved;
  const config = readModelConfig(dir);
  const tokenizer = loadTokenizer(dir);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new UserError(
      `${dir}: the tokenizer has ${tokenizer.vocabSize} ids, the model ${config.vocabSize} embeddings`,
    );
  }
  return { name, dir, config, shapes: tensorShapes(config), linears: linearLayers(config), tokenizer };
}

/** Adds the weights. Throws UserError naming file and tensor. */
export function withWeights(head: ModelHead): LoadedModel {
  const checkpoint = openCheckpoint(head.dir);
  try {
    return { ...head, weights: loadWeights(checkpoint, head.config), sha256: checkpoint.sha256() };
  } finally {
    checkpoint.close();
  }
}

/**
 * Puts the full-precision weights of the linear layers back into the model's arrays, in which something else was tried.
 * Throws UserError where the file no longer holds what it held: `fingerprint` is that of the layers as they were.
 */
export function restoreLayers({ dir, config, weights, linears }: LoadedModel, fingerprint: number): void {
  const checkpoint = openCheckpoint(dir);
  try {
    readLayers(checkpoint, config, weights);
  } finally {
    checkpoint.close();
  }
  if (layersFingerprint({ linears, weights }) !== fingerprint)
    throw new UserError(`${dir}: its weights changed while the sweep ran`);
}

/** A sum over the bits of the linear layers, which tells other weights from these. */
export function layersFingerprint({ linears, weights }: Pick<LoadedModel, "linears" | "weights">): number {
  let sum = 0;
  for (const { name } of linears) {
    const data = weights.get(name)!;
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    for (let i = 0; i < bits.length; i++) sum = (Math.imul(sum, 31) + bits[i]!) | 0;
  }
  return sum;
}

/**
 * The window length asked for, or the model's maximum, at most `usual`. Throws UserError where the model has no such
 * positions.
 */
export function contextOf(
  { name, config }: Pick<ModelHead, "name" | "config">,
  asked: number | null,
  usual = Number.POSITIVE_INFINITY,
): number {
  const most = config.maxPositionEmbeddings;
  if (asked !== null && asked > most) throw new UserError(`context ${asked}: ${name} has ${most} positions`);
  return asked ?? Math.min(most, usual);
}
