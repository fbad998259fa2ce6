import { type Format, UserError } from "../../formats/index.ts";
import type { ModelConfig } from "../model/architectures/index.ts";
import { splitHeldout, type TokenWindows } from "./batches.ts";
import { prepare } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import { graphTeacher, type Teacher } from "./teacher.ts";
import { type Trained, type TrainOptions, train } from "./train.ts";
import type { Matrix } from "./weights/index.ts";

/** A model to retrain. */
export interface RetrainedModel {
  readonly config: ModelConfig;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly linears: readonly Matrix[];
  readonly weights: ReadonlyMap<string, Float32Array>;
}

export interface RetrainOptions
  extends Pick<
    TrainOptions,
    "running" | "seconds" | "rate" | "threads" | "device" | "checkpoint" | "signal" | "warn" | "onProgress"
  > {
  readonly model: RetrainedModel;
  /** Null trains in full precision. */
  readonly format: Format | null;
  readonly recipe: Recipe;
  /** Text in windows; some are held out to choose when to stop. */
  readonly data: TokenWindows;
  /** Tokens to train on; once through the text when absent. */
  readonly tokens?: number;
  /** Windows of a step; about `TOKENS_PER_STEP` tokens when absent. */
  readonly batch?: number;
  readonly seed?: number;
  /** The full-precision model in the student's graph when absent. */
  readonly teacher?: Teacher;
}

const TOKENS_PER_STEP = 2048;

/**
 * Retrains the linear layers of a model into a format by a recipe, from a text. Gives every tensor, the quantized ones on
 * the format's grid. Throws UserError for a text of fewer than two windows, and as `train` does.
 */
export async function retrain(options: RetrainOptions): Promise<Trained> {
  const { model, format, recipe, data, seed = 0, teacher, tokens, batch, ...rest } = options;
  const { config, shapes, weights } = model;
  if (data.count < 2)
    throw new UserError(`training text: ${data.count} windows of ${data.context} tokens; retraining needs at least 2`);
  const { train: part, heldout } = splitHeldout(data);
  const engine = {
    ...(rest.threads === undefined ? {} : { threads: rest.threads }),
    ...(rest.device === undefined ? {} : { device: rest.device }),
  };
  const activation = rest.running?.activation ?? null;
  const start = format && (await prepare(model, format, recipe, activation, part, seed, engine));
  return train({
    ...rest,
    ...model,
    ...(start ? { start } : {}),
    format,
    recipe,
    data: part,
    heldout,
    seed,
    teacher: teacher ?? graphTeacher(config, shapes, weights, { ...engine, ...(rest.warn ? { warn: rest.warn } : {}) }),
    tokens: tokens ?? part.count * (part.context - 1),
    batch: batch ?? Math.max(1, Math.floor(TOKENS_PER_STEP / data.context)),
  });
}
