import { join } from "node:path";
import { UserError } from "../../formats/error.ts";
import { type BuildModel, type Calibrator, createCalibrator, walkBytes } from "../calibration/index.ts";
import type { SessionOptions } from "../engine/session.ts";
import type { Warn } from "../engine/shrink.ts";
import type { Graph, Value } from "../graph/index.ts";
import { attentionInChunks } from "../model/architectures/headChunks.ts";
import { type ModelGraph, modelLogits } from "../model/architectures/index.ts";
import { inputShapes, type RunningFormats, roundingHooks } from "../model/architectures/runningFormats.ts";
import { packageRoot, REFERENCE_MODEL } from "../model/index.ts";
import type { LoadedModel } from "../model/loadedModel.ts";
import { runningKey } from "../scoring/scorerPool.ts";
import { readDataFile } from "../storage/dataFile.ts";
import { cutWindows, plainText } from "../tasks/index.ts";
import { RUN_WORDS, type RunSample, sampleRuns } from "../tasks/overlap.ts";

/** The text a method calibrates on, in tokens. */
export interface CalibrationText {
  /** The file, or "reference". */
  readonly source: string;
  readonly textSha256: string;
  /** Row-major [count, context]. */
  readonly windows: Int32Array;
  readonly count: number;
  readonly context: number;
  /** Of the whole text, by which a text that shares some of it is found. */
  readonly runs: RunSample;
}

/** Windows of the GPTQ paper's calibration, which others have kept. */
export const CALIBRATION_WINDOWS = 128;
/** Longer windows than the GPTQ paper's would change the statistics of published results, and take memory. */
const CONTEXT_MAX = 2048;

/**
 * Reads and cuts a calibration text: as many windows as asked for, evenly spaced, of the model's context or 2048 tokens,
 * whichever is less; of a shorter text one window of all of it. "reference", the default for the embedded model, is its
 * own calibration text, which neither its training nor its evaluation text contains. Null where none is given and none
 * is the default. Throws UserError naming the file.
 */
export async function readCalibration(
  { name, config, tokenizer }: Pick<LoadedModel, "name" | "config" | "tokenizer">,
  source: string | null,
  windows: number,
): Promise<CalibrationText | null> {
  const from = source ?? (name === REFERENCE_MODEL ? REFERENCE_MODEL : null);
  if (from === null) return null;
  const path = from === REFERENCE_MODEL ? join(packageRoot(), "models", "reference", "calibration.txt") : from;
  const { data, sha256: textSha256 } = await readDataFile(path);
  const text = plainText(data, path);
  const ids = tokenizer.encode(text);
  if (ids.length < 2) throw new UserError(`calibration ${from}: ${ids.length} tokens; calibration needs a text`);
  const context = Math.min(config.maxPositionEmbeddings, CONTEXT_MAX, ids.length);
  const cut = cutWindows(ids, context, { source: `calibration ${from}`, limit: windows });
  return { source: from, textSha256, windows: cut.windows, count: cut.count, context, runs: sampleRuns(text) };
}

/** The model on its calibration text, at full precision or in running formats; then the weights hold `inputShapes` too. */
export function calibratorOf(
  { config, shapes, linears }: Pick<LoadedModel, "config" | "shapes" | "linears">,
  { windows, count, context }: CalibrationText,
  options: SessionOptions & { running?: RunningFormats; warn?: Warn } = {},
): Calibrator {
  const { running, ...session } = options;
  const { model, all, reference } = buildsOf({ config, shapes, linears }, running);
  return createCalibrator(
    model,
    all,
    linears.map(({ name }) => name),
    { windows, count, context, ...session, ...(reference && { reference }) },
  );
}

/** Bytes that calibration takes beside the weights. */
export function calibrationBytes(
  model: Pick<LoadedModel, "config" | "shapes" | "linears">,
  text: { count: number; context: number; drift: boolean },
  running?: RunningFormats,
): number {
  const { model: build, all } = buildsOf(model, running);
  return walkBytes(
    build,
    all,
    model.linears.map(({ name }) => name),
    text,
  );
}

/** The graphs that calibration runs, and the shapes of what they take: in running formats, beside that without. */
function buildsOf(
  { config, shapes, linears }: Pick<LoadedModel, "config" | "shapes" | "linears">,
  running?: RunningFormats,
): { model: BuildModel; all: ReadonlyMap<string, readonly number[]>; reference?: BuildModel } {
  const modelOf = (graph: Graph, weight: (name: string) => Value, tokens: Value, batch: number): ModelGraph => ({
    ...{ graph, tokens, batch, weight },
    attention: attentionInChunks({ graph }),
  });
  const full: BuildModel = (graph, weight, tokens, batch, { block }) =>
    modelLogits({ ...modelOf(graph, weight, tokens, batch), ...(block && { block }) }, config);
  const rounded: BuildModel = (graph, weight, tokens, batch, { see, block }) => {
    const model = { ...modelOf(graph, weight, tokens, batch), ...(block && { block }) };
    const hooks = roundingHooks(model, running!);
    const linearInput = (layer: string, x: Value) => {
      see?.(layer, x);
      return hooks.linearInput?.(layer, x) ?? x;
    };
    return modelLogits({ ...model, ...hooks, linearInput }, config);
  };
  if (!running?.activation && !running?.cache) return { model: full, all: shapes };
  return { model: rounded, all: new Map([...shapes, ...inputShapes(linears, running)]), reference: full };
}

export interface CalibratorPool {
  /** The model on its text in these formats; what it gives may be released when others are asked for. */
  of(running: RunningFormats): Promise<Calibrator>;
  release(): Promise<void>;
}

/** Calibrators kept: each has a model's graph with tables of masks. */
const KEPT = 2;

/** A calibrator for each choice of running formats, made when it is asked for; the last ones are kept. */
export function createCalibrators(
  model: LoadedModel,
  text: CalibrationText,
  options: SessionOptions & { warn?: Warn },
): CalibratorPool {
  const made = new Map<string, Calibrator>();
  return {
    async of(running) {
      const key = runningKey(running);
      const calibrator = made.get(key) ?? calibratorOf(model, text, { ...options, running });
      // The latest last.
      made.delete(key);
      made.set(key, calibrator);
      const [oldest] = made;
      if (made.size > KEPT && oldest) {
        made.delete(oldest[0]);
        await oldest[1].release();
      }
      return calibrator;
    },
    async release() {
      for (const each of made.values()) await each.release();
    },
  };
}

/** What a reader of calibrated results should know. */
export function calibrationWarnings(
  { linears }: Pick<LoadedModel, "linears">,
  { source, textSha256, count, context }: CalibrationText,
  evaluated: { textSha256: string; shared: number } | null,
): string[] {
  const widest = Math.max(...linears.map(({ cols }) => cols));
  const tokens = count * context;
  return [
    ...(tokens < widest ? [`calibration ${source}: ${tokens} tokens for layers of up to ${widest} inputs`] : []),
    ...(evaluated ? sharedText(source, textSha256, evaluated) : []),
  ];
}

/** More of a calibration's runs of words than this in the evaluated text are no coincidence. */
const SHARED_MAX = 0.01;

function sharedText(source: string, textSha256: string, evaluated: { textSha256: string; shared: number }): string[] {
  if (textSha256 === evaluated.textSha256) return [`calibration ${source}: the text the model is evaluated on`];
  if (evaluated.shared <= SHARED_MAX) return [];
  const percent = Math.round(100 * evaluated.shared);
  return [
    `calibration ${source}: ${percent} % of its runs of ${RUN_WORDS} words are in the text the model is evaluated on`,
  ];
}
