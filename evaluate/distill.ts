import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Format, parseFormat, UserError } from "../formats/index.ts";
import { deviceVersions, type FoundDevice } from "./engine/devices.ts";
import { type LayerLog, meanBitsPerWeight } from "./methods/index.ts";
import { layerLog } from "./methods/layerLog.ts";
import { requireProjections } from "./model/architectures/runningFormats.ts";
import {
  exportTensors,
  type FetchProgress,
  fetchModel,
  openCheckpoint,
  packageRoot,
  REFERENCE_MODEL,
} from "./model/index.ts";
import { type LoadedModel, loadModel } from "./model/loadedModel.ts";
import { readText } from "./storage/dataFile.ts";
import { ensureWritableDir, pathIs } from "./storage/files.ts";
import { requireEmptyOutput, writeModelDirectory } from "./storage/modelDirectory.ts";
import { BASELINE, RESULT_VERSION, tokenId } from "./sweep/index.ts";
import { cutWindows } from "./tasks/index.ts";
import {
  cachedTeacher,
  type HistoryEntry,
  type Recipe,
  recipeById,
  retrain,
  type TokenWindows,
  type TrainingLog,
} from "./training/index.ts";
import { runningFormatsOf } from "./trial/runningFormatsOf.ts";

/** Where the teacher's logits come from: `graph`, its weights beside the student's; `full` or `topN`, kept on disk. */
export type TeacherChoice = "graph" | "full" | `top${number}`;

export interface DistillOptions {
  /** Directory, GGUF file, Hub id (downloaded if need be), or "reference". */
  model: string;
  format: string;
  /** What activations and cache are rounded to in training: format ids, `same` for the weights', fp32 when absent. */
  activation?: string;
  kv?: string;
  recipe: string;
  /** UTF-8 file to learn from, or "reference", the embedded calibration text. */
  text: string;
  /** New or empty folder. */
  out: string;
  /** Tokens to train on; once through the text when absent. */
  tokens?: number;
  seconds?: number;
  rate?: number;
  /** Windows of a step. */
  batch?: number;
  /** Tokens of a window; the model's maximum or 512, whichever is less, when absent. */
  context?: number;
  seed?: number;
  threads?: number;
  /** Where it runs; the CPU when absent. */
  device?: FoundDevice;
  teacher?: TeacherChoice;
  /** Go on from the unfinished run beside `out`. */
  resume?: boolean;
  versions: Record<string, string>;
  signal?: AbortSignal;
  onFetch?: (progress: FetchProgress) => void;
  onProgress?: (entry: HistoryEntry, steps: number) => void;
  /** Told of each of the record's warnings as it arises. */
  onWarning?: (text: string) => void;
}

/** What was done; also written as bitfrontier.json beside the weights. */
export interface DistillRecord {
  model: string;
  modelSha256: string;
  format: string;
  /** What the student's activations and cache were rounded to; null is full precision. The weights do not depend on it. */
  activation: string | null;
  kv: string | null;
  recipe: Recipe;
  scope: "linears";
  /** Bits per quantized weight, scales included. */
  bitsPerWeight: number;
  text: { source: string; textSha256: string; windows: number; context: number };
  training: TrainingLog;
  /** Relative error of the weights to those of the full-precision model. */
  layers: LayerLog[];
  /** What a reader should know: that memory did not suffice for a step's batch at once, say. */
  warnings: string[];
  versions: Record<string, string>;
}

/** Longer windows take memory with their square and teach little more. */
const CONTEXT_DEFAULT = 512;

/**
 * Retrains a model into a format by a recipe and writes a Hugging Face directory of the weights on the format's grid, in
 * float32. While it runs, `OUT.training.safetensors` holds it. Throws UserError naming what is wrong; `out` then does not
 * exist, and what was trained can be resumed.
 */
export async function distillModel(options: DistillOptions): Promise<DistillRecord> {
  const { model: spec, out, versions, onFetch, text, teacher = "graph", resume = false, seed = 0 } = options;
  requireEmptyOutput(out);
  ensureWritableDir(dirname(resolve(out)));
  const format = parseFormat(options.format);
  const recipe = recipeById(options.recipe);
  const running = runningFormatsOf({
    format: format.id,
    method: recipe.id,
    ...given({
      activation: options.activation === BASELINE ? undefined : options.activation,
      kv: options.kv === BASELINE ? undefined : options.kv,
    }),
  });

  if (running.range && running.range !== "learned")
    throw new UserError(`activations ${options.activation}: static ranges are not trained; take ranges of each token`);
  const top = topOf(teacher);
  await fetchModel(spec, onFetch && { onProgress: onFetch });
  const model = loadModel(spec);
  meanBitsPerWeight(model.linears, format);
  requireProjections(model.linears, running);
  const { data, textSha256 } = readTraining(model, text, options.context ?? null);
  const { device } = options;
  const engine = {
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(device ? { device: device.device } : {}),
  };
  const choices = { tokens: options.tokens, rate: options.rate, batch: options.batch, seconds: options.seconds };
  const run = identityOf(model, [format, running.activation, running.cache], recipe, {
    ...choices,
    seed,
    together: running.together,
    top: teacher === "graph" ? "graph" : top,
    textSha256,
    context: data.context,
  });
  const checkpoint = { path: `${out.replace(/[/\\]+$/, "")}.training.safetensors`, run };
  if (existsSync(checkpoint.path) && !resume)
    throw new UserError(`${checkpoint.path}: an unfinished run; go on with --resume, or remove it`);
  const warnings = new Set<string>();
  const warn = (text: string) => {
    if (!warnings.has(text)) options.onWarning?.(text);
    warnings.add(text);
  };
  const cached =
    teacher === "graph"
      ? null
      : cachedTeacher(model.config, model.shapes, model.weights, { ...engine, warn, top, modelSha256: model.sha256 });
  const trained = await retrain({
    model,
    format,
    running,
    recipe,
    data,
    seed,
    ...engine,
    ...given(choices),
    ...(cached ? { teacher: cached } : {}),
    checkpoint,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
    warn,
  }).finally(() => cached?.release());
  const { rotated = [], inputRanges } = trained.log;
  if (running.activation && (rotated.length > 0 || inputRanges))
    warn(
      `${out}: ${rotated.length > 0 ? "inputs of layers are rotated" : "ranges of inputs are learned"} as it runs, which its weights do not say: eval --method ${recipe.id} judges such a model, eval of this folder another`,
    );
  const count = model.linears.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  const record: DistillRecord = {
    model: model.name,
    modelSha256: model.sha256,
    format: format.id,
    activation: running.activation?.id ?? null,
    kv: running.cache && (running.together ? tokenId(running.cache.id) : running.cache.id),
    recipe,
    scope: "linears",
    bitsPerWeight: meanBitsPerWeight(model.linears, format) + trained.extraBits / count,
    text: { source: text, textSha256, windows: data.count, context: data.context },
    training: trained.log,
    layers: model.linears.map((matrix) => {
      const { name } = matrix;
      return layerLog(matrix, format, model.weights.get(name)!, trained.weights.get(name)!).log;
    }),
    warnings: [...warnings],
    versions: { ...versions, ...deviceVersions(device) },
  };
  const source = openCheckpoint(model.dir);
  try {
    const tensors = exportTensors(source, model.config, (name) => trained.weights.get(name)!);
    await writeModelDirectory(out, model.dir, tensors, () => record);
  } finally {
    source.close();
  }
  rmSync(checkpoint.path, { force: true });
  return record;
}

/** The text in windows of the model's tokens. Throws UserError naming the file. */
export function readTraining(
  model: Pick<LoadedModel, "name" | "config" | "tokenizer">,
  source: string,
  context: number | null,
): { data: TokenWindows; textSha256: string } {
  const path = source === REFERENCE_MODEL ? join(packageRoot(), "models", "reference", "calibration.txt") : source;
  if (!pathIs("file", path)) throw new UserError(`text ${source}: no such file`);
  const text = readText(path);
  const ids = model.tokenizer.encode(text);
  const length = context ?? Math.min(model.config.maxPositionEmbeddings, CONTEXT_DEFAULT, Math.floor(ids.length / 2));
  const { windows, count } = cutWindows(ids, length, { source: `text ${source}` });
  return { data: { windows, count, context: length }, textSha256: createHash("sha256").update(text).digest("hex") };
}

function topOf(teacher: TeacherChoice): number | null {
  if (teacher === "graph" || teacher === "full") return null;
  const top = Number(/^top([1-9]\d*)$/.exec(teacher)?.[1]);
  if (!(top <= 2 ** 24)) throw new UserError(`teacher "${teacher}": expected graph, full or top64`);
  return top;
}

/** Those that were given. */
function given<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

/** What has to be the same for a run to be gone on with. */
function identityOf(model: LoadedModel, formats: readonly (Format | null)[], recipe: Recipe, rest: object): string {
  const gridOf = ({ elements, selector, group, rule, store, tie, coder }: Format) => {
    return { codebooks: elements.map(({ codes }) => codes), selector, group, rule, store, tie, coder };
  };
  const grid = formats.map((each) => each && gridOf(each));
  const all = { version: RESULT_VERSION, model: model.sha256, grid, recipe, ...rest };
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
}
