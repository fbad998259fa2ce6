import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Format, namedFormat, operandsOf, parseFormat, storageBits } from "../formats/index.ts";
import { aboutFormat } from "../formats/sheets/index.ts";
import "../fitting/everyId.ts";
import { formatCosts } from "../hwmodel/index.ts";
import {
  type CalibrationText,
  type CalibratorPool,
  calibrationWarnings,
  createCalibrators,
  readCalibration,
} from "./calibrationText.ts";
import { readDataFile } from "./dataFile.ts";
import type { FoundDevice } from "./engine/devices.ts";
import { engineVersion } from "./engine/session.ts";
import { contextOf, type LoadedModel, loadModel } from "./loadedModel.ts";
import { type MethodResult, meanBitsPerWeight, methodById } from "./methods/index.ts";
import { inputShapes, type RunningFormats } from "./model/architectures/runningFormats.ts";
import { type FetchProgress, fetchModel, openCheckpoint, packageRoot } from "./model/index.ts";
import { profileTensors, tensorProfile } from "./profile.ts";
import type { Row } from "./row.ts";
import { runningFormatsOf } from "./runningFormatsOf.ts";
import { createScorerPool, type ScorerPool } from "./scorerPool.ts";
import {
  BASELINE,
  contentHash,
  type FormatNames,
  keyTrials,
  type PlannedTrial,
  type PreparedSweep,
  planTrials,
  type SweepConfig,
  staticSetting,
  type TrialSpec,
} from "./sweep/index.ts";
import { parseTask, type TaskData, taskById } from "./tasks/index.ts";

export interface PrepareOptions {
  /** Threads of the engine; onnxruntime's default when absent. */
  threads?: number;
  /** Where models run: see `chooseDevice`. The CPU when absent. */
  device?: FoundDevice;
  /** Told of the download of a Hub id that is not in the cache. */
  onFetch?: (progress: FetchProgress) => void;
}

/**
 * Makes a config ready to run: loads the model, tokenizes the texts, checks every format against every layer, and keys
 * the trials. All trials share the weights, the windows and one engine session per context.
 * Throws UserError for anything that is wrong with model, text, format or method, before any trial has run.
 */
export async function prepareSweep(
  config: SweepConfig,
  { onFetch, device, threads }: PrepareOptions = {},
): Promise<PreparedSweep> {
  const methods = [...new Set(config.methods.map((method) => methodById(method).id))];
  const specs = planTrials({ ...config, methods }, formatNames);
  for (const spec of specs) runningFormatsOf(spec);
  const formats = new Map(specs.filter((s) => s.format !== BASELINE).map((s) => [s.format, parseFormat(s.format)]));
  await fetchModel(config.model, onFetch && { onProgress: onFetch });
  const model = loadModel(config.model);
  for (const format of formats.values()) meanBitsPerWeight(model.linears, format);
  const tasks = new Map<string, PreparedTask>();
  for (const task of config.tasks) tasks.set(task, await prepareTask(task, model, config));
  const tokenizerSha256 = model.tokenizer.sha256;
  const configSha256 = contentHash(model.config);
  const text = specs.some(calibrates)
    ? await readCalibration(model, config.calibration, config.calibrationWindows)
    : null;
  const plan = keyTrials(
    specs.map((spec) => ({
      ...spec,
      context: tasks.get(spec.task)!.context,
      methodOptions: text && calibrates(spec) ? calibrationKey(text) : {},
    })),
    (spec) => {
      const running = runningContent(runningFormatsOf(spec));
      const { textSha256 } = tasks.get(spec.task)!;
      const facts = { modelSha256: model.sha256, configSha256, tokenizerSha256, textSha256 };
      return { ...facts, ...(device ? { device: device.device } : {}), ...(running ? { running } : {}) };
    },
    (id) => (id === BASELINE ? null : formatContent(formats.get(id)!)),
  );
  const notes = new Set<string>();
  const options = {
    ...(threads === undefined ? {} : { threads }),
    ...(device ? { device: device.device } : {}),
    warn: (note: string) => notes.add(note),
  };
  const calibration = text && { text, calibrators: createCalibrators(model, text, options) };
  const quantized = quantizedBuffers(model);
  const bench = { model, formats, tasks, calibration, versions: versions(device), quantized, notes };
  const scorers = createScorerPool(model, options, { ...(device && { device }), mostWindows: config.limitWindows });
  return {
    plan,
    runTrial: (trial) => runTrial(bench, scorers, trial),
    versions: bench.versions,
    profiles: () => profile(model),
    codebooks: codebooksOf([...formats.values()]),
    async release() {
      await scorers.release();
      await calibration?.calibrators.release();
    },
  };
}

function calibrates({ format, method, activation = "" }: TrialSpec): boolean {
  return format !== BASELINE && (methodById(method).calibration !== "none" || staticSetting(activation) !== null);
}

/** What of the calibration determines a result, for the trial's key. */
function calibrationKey({ textSha256, count, context }: CalibrationText): Record<string, unknown> {
  return { calibration: { textSha256, windows: count, context } };
}

/** The values of each codebook, by the name its rows go by: all that any group may take, for families. */
function codebooksOf(formats: readonly Format[]) {
  const byName = new Map(formats.map((format) => [elementName(format), format]));
  return [...byName].map(([id, format]) => ({
    id,
    label: aboutFormat(format).label,
    family: familyOf(format),
    bits: storageBits(format).code,
    values: [...new Set(operandsOf(format).flatMap(({ values }) => values))].sort((a, b) => a - b),
  }));
}

/** What rows of a format are called beside others of their group: the named format, else the element. */
function elementName({ name, elements }: Format): string {
  return name ?? elements[0]!.id;
}

function familyOf({ element }: Format): string {
  return element?.family ?? "several";
}

interface PreparedTask extends TaskData {
  context: number;
  textSha256: string;
}

interface Bench {
  model: LoadedModel;
  formats: ReadonlyMap<string, Format>;
  tasks: ReadonlyMap<string, PreparedTask>;
  calibration: { text: CalibrationText; calibrators: CalibratorPool } | null;
  versions: Record<string, string>;
  quantized: Map<string, Float32Array>;
  /** What the engine had to tell, such as a batch halved for want of memory; of all trials from then on. */
  notes: ReadonlySet<string>;
}

const formatNames: FormatNames = {
  isElement: (id) => !id.includes("@") && !id.includes(":") && namedFormat(id.toLowerCase()) === undefined,
  canonical: (id) => parseFormat(id).id,
};

async function prepareTask(
  name: string,
  model: LoadedModel,
  { context: asked, limitWindows }: SweepConfig,
): Promise<PreparedTask> {
  const spec = parseTask(name);
  const task = taskById(spec.task);
  const { tokenizer } = model;
  const context = contextOf(model, asked, task.contextMax);
  const path = spec.source === "reference" ? join(packageRoot(), "models", "reference", "heldout.txt") : spec.source;
  const { data, sha256: textSha256 } = await readDataFile(path);
  const encode = (each: string) => tokenizer.encode(each);
  const prefix = tokenizer.bosTokenId ?? tokenizer.eosTokenId;
  return { ...task.prepare(spec, { data, encode, prefix, context, limitWindows }), context, textSha256 };
}

/** What a format is, for the trial's key: an edited codebook is another trial although its id stays. */
function formatContent({ elements, selector, group, rule, store, tie, coder }: Format): object {
  const codebooks = elements.map(({ codes, bits }) => ({ codes, bits }));
  return { codebooks, selector, group, rule, store, tie, coder, activation: ACTIVATION };
}

/** What activations and cache are rounded to, for the trial's key; null at full precision. */
function runningContent({ activation, range, cache }: RunningFormats): object | null {
  if (!activation && !cache) return null;
  return { activation: activation && formatContent(activation), range, cache: cache && formatContent(cache) };
}

/** Scales of 1, and rotations by nothing, of the layers' inputs: what a trial's method may change. */
function inputTransforms({ linears }: LoadedModel, running: RunningFormats): Map<string, Float32Array> {
  return new Map(
    [...inputShapes(linears, running)].map(([name, [size, columns]]) => [
      name,
      columns === undefined
        ? new Float32Array(size!).fill(1)
        : Float32Array.from({ length: size! * columns }, (_, i) => (i % (columns + 1) === 0 ? 1 : 0)),
    ]),
  );
}

/** Weights as a trial sees them: its own copy of each linear layer, the model's arrays for the rest. */
function quantizedBuffers(model: LoadedModel): Map<string, Float32Array> {
  const own = model.linears.map(({ name }): [string, Float32Array] => [
    name,
    new Float32Array(model.weights.get(name)!.length),
  ]);
  return new Map([...model.weights, ...own]);
}

/**
 * What the weights meet in the multiplier where activations are not rounded: the cost then is that of a MAC with INT8
 * activations, not of one with both operands in the format as in the paper's Table 10.
 */
const ACTIVATION = "int8";

/** The row of a trial, without its differences to the baseline. */
async function runTrial(
  { model, formats, tasks, calibration, versions, quantized, notes }: Bench,
  pool: ScorerPool,
  { key, spec, identity }: PlannedTrial,
): Promise<Row> {
  const startedAt = new Date().toISOString();
  const start = performance.now();
  const format = formats.get(spec.format) ?? null;
  const method = format && methodById(spec.method);
  const running = runningFormatsOf(spec);
  for (const [name, array] of inputTransforms(model, running)) quantized.set(name, array);
  const done: MethodResult | null = method
    ? await method.quantize({
        format,
        matrices: model.linears,
        weights: model.weights,
        into: quantized,
        calibrator: calibration?.calibrators.of(running),
        ...(running.activation ? { inputs: { format: running.activation, range: running.range } } : {}),
      })
    : null;
  const quantizedAt = performance.now();
  const data = tasks.get(spec.task)!;
  const calibrated = calibration && calibrates(spec) ? calibration.text : null;
  const weights = format ? quantized : new Map([...model.weights, ...inputTransforms(model, running)]);
  const scorers = await pool.of(running);
  const measured = await data.measure(scorers.model(model.weights, weights, data.context));
  const evaluatedAt = performance.now();
  // A learned codebook has no multiplier of the format's.
  const costs =
    format && !method!.ownLevels ? formatCosts(format, running.activation ?? parseFormat(ACTIVATION)) : null;
  return {
    key,
    model: model.name,
    modelSha256: model.sha256,
    format: spec.format,
    element: format ? elementName(format) : BASELINE,
    family: format ? familyOf(format) : BASELINE,
    ...(spec.activation === undefined ? {} : { activation: spec.activation }),
    ...(spec.kv === undefined ? {} : { kv: spec.kv }),
    method: spec.method,
    scope: spec.scope,
    group: format?.group ?? null,
    task: spec.task,
    protocol: data.protocol,
    seed: spec.seed,
    ...measured,
    deltaLoss: null,
    deltaLossSigma: null,
    bitsPerWeight: format ? meanBitsPerWeight(model.linears, format) + (done?.extraBitsPerWeight ?? 0) : 32,
    weightMse: done?.weightMse ?? 0,
    cost: costs?.modelled ?? null,
    synthesizedCost: costs?.synthesized ?? null,
    layers: done?.layers ?? [],
    warnings: [
      ...data.warnings,
      ...(calibrated ? calibrationWarnings(model, calibrated, data.textSha256) : []),
      ...(done?.warnings ?? []),
      ...notes,
    ],
    versions,
    config: { ...spec, identity, ...(calibrated ? { calibration: calibrated.source } : {}) },
    timing: { startedAt, quantizeMs: quantizedAt - start, evaluateMs: evaluatedAt - quantizedAt },
  };
}

function profile(model: LoadedModel) {
  const checkpoint = openCheckpoint(model.dir);
  try {
    return [...profileTensors(checkpoint)].flatMap((fit) => tensorProfile(fit) ?? []);
  } finally {
    checkpoint.close();
  }
}

/** What made a row: ours, the engine's and the runtime's version. */
function versions(device?: FoundDevice): Record<string, string> {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return {
    bitfrontier: version,
    "onnxruntime-node": engineVersion(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    device: device ? `${device.device} (${device.name})` : "cpu",
  };
}
