import { UserError } from "../formats/error.ts";
import {
  type LinearLayer,
  linearLayers,
  loadTokenizer,
  loadWeights,
  type ModelConfig,
  openCheckpoint,
  readModelConfig,
  resolveModel,
  type TextTokenizer,
  tensorShapes,
} from "./model/index.ts";

/** A model in memory, ready to run: full-precision weights that nobody writes to. */
export interface LoadedModel {
  /** As asked for: folder name, Hub id or "reference". */
  readonly name: string;
  readonly dir: string;
  readonly config: ModelConfig;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly linears: readonly LinearLayer[];
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly tokenizer: TextTokenizer;
  /** SHA-256 of the weights file (of the shards' hashes where there are several). */
  readonly sha256: string;
}

/** Reads a MODEL argument. Throws UserError naming the file, the tensor or the architecture that stands in the way. */
export function loadModel(spec: string): LoadedModel {
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
  const checkpoint = openCheckpoint(dir);
  try {
    const [shapes, linears] = [tensorShapes(config), linearLayers(config)];
    const weights = loadWeights(checkpoint, config);
    return { name, dir, config, shapes, linears, weights, tokenizer, sha256: checkpoint.sha256() };
  } finally {
    checkpoint.close();
  }
}

/**
 * The window length asked for, or the model's maximum, at most `usual`. Throws UserError where the model has no such
 * positions.
 */
export function contextOf(
  { name, config }: LoadedModel,
  asked: number | null,
  usual = Number.POSITIVE_INFINITY,
): number {
  const most = config.maxPositionEmbeddings;
  if (asked !== null && asked > most) throw new UserError(`context ${asked}: ${name} has ${most} positions`);
  return asked ?? Math.min(most, usual);
}
