import { join } from "node:path";
import { UserError } from "../formats/error.ts";
import { type Format, parseFormat } from "../formats/index.ts";
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
import type { SessionOptions } from "./engine/session.ts";
import { contextOf, type LoadedModel, loadModel, type ModelHead, readModelHead, withWeights } from "./loadedModel.ts";
import { evaluationMemory, type MemoryEstimate } from "./memory.ts";
import { type MethodResult, meanBitsPerWeight, methodById, type TrainingInput } from "./methods/index.ts";
import { inputShapes, type RunningFormats, requireProjections } from "./model/architectures/runningFormats.ts";
import { openCheckpoint, packageRoot } from "./model/index.ts";
import { profileTensors, tensorProfile } from "./profile.ts";
import type { Row, TensorProfile } from "./row.ts";
import { runningFormatsOf } from "./runningFormatsOf.ts";
import { createScorerPool, type ScorerPool } from "./scorerPool.ts";
import {
  BASELINE,
  contentHash,
  keyTrials,
  type PlannedTrial,
  type RunTrial,
  type SweepConfig,
  staticSetting,
  type TrialSpec,
} from "./sweep/index.ts";
import { parseTask, type TaskData, taskById } from "./tasks/index.ts";
import { cachingTokenizer } from "./tokenCache.ts";

/** One model of a sweep: its keyed trials, and what runs them. */
export interface ModelBench {
  plan: PlannedTrial[];
  /** Loads and compiles what the trial needs and `rest` has freed. */
  runTrial: RunTrial;
  profiles(): TensorProfile[];
  /** Windows or examples that a trial of the task scores. */
  countOf(task: string): number;
  /** Frees weights and sessions until the next trial. */
  rest(): Promise<void>;
}

/** What the benches of a sweep share. */
export interface BenchOptions {
  formats: ReadonlyMap<string, Format>;
  versions: Record<string, string>;
  engine: SessionOptions;
  /** Where models run; the CPU when absent. */
  device?: FoundDevice | undefined;
  /** Folder for the token ids of long texts, where other processes read the same. */
  cache?: string | undefined;
  /** Told of the memory that the model's trials will need, before its weights are read. */
  onMemory?: ((estimate: MemoryEstimate) => void) | undefined;
}

/**
 * Reads a model and the texts of its trials, and keys these. Throws UserError naming what is wrong with model, text or format;
 * `runTrial` does when the weights have changed since.
 */
export async function prepareModel(
  name: string,
  specs: readonly TrialSpec[],
  config: SweepConfig,
  { formats, versions, engine: common, device, cache, onMemory }: BenchOptions,
): Promise<ModelBench> {
  const plain = readModelHead(name);
  const head = cache === undefined ? plain : { ...plain, tokenizer: cachingTokenizer(plain.tokenizer, cache) };
  const own = new Set(specs.map(({ format }) => format));
  for (const spec of specs) requireProjections(head.linears, runningFormatsOf(spec));
  for (const [id, format] of formats) if (own.has(id)) meanBitsPerWeight(head.linears, format);
  const tasks = new Map<string, PreparedTask>();
  for (const task of new Set(specs.map((spec) => spec.task))) tasks.set(task, await prepareTask(task, head, config));
  const text = specs.some(calibrates)
    ? await readCalibration(head, config.calibration, config.calibrationWindows)
    : null;
  const lesson = specs.some(trains) ? await readCalibration(head, config.calibration, Number.MAX_SAFE_INTEGER) : null;
  onMemory?.(memoryOf(head, specs, [...tasks.values()], text));
  const model = withWeights(head);
  const { sha256 } = model;
  const facts = {
    modelSha256: sha256,
    configSha256: contentHash(model.config),
    tokenizerSha256: model.tokenizer.sha256,
  };
  const plan = keyTrials(
    specs.map((spec) => ({
      ...spec,
      context: tasks.get(spec.task)!.context,
      methodOptions: textKey(spec, text, lesson),
    })),
    (spec) => {
      const running = runningContent(runningFormatsOf(spec));
      const where = device && device.device !== "cpu" ? { device: device.device } : {};
      return { ...facts, ...where, textSha256: tasks.get(spec.task)!.textSha256, ...(running ? { running } : {}) };
    },
    (id) => (id === BASELINE ? null : formatContent(formats.get(id)!)),
  );

  const notes = new Set<string>();
  const engine = {
    ...common,
    ...(device ? { device: device.device } : {}),
    warn: (note: string) => notes.add(note),
  };
  function wake(model: LoadedModel) {
    if (model.sha256 !== sha256) throw new UserError(`${name}: its weights changed while the sweep ran`);
    return {
      model,
      quantized: quantizedBuffers(model),
      scorers: createScorerPool(model, engine, { ...(device && { device }), mostWindows: config.limitWindows }),
      calibration: text && { text, calibrators: createCalibrators(model, text, engine) },
      training: lesson && { ...model, data: lesson, engine: { ...common, ...(device && { device: device.device }) } },
    };
  }
  let loaded: LoadedModel | null = model;
  let awake: ReturnType<typeof wake> | null = null;
  return {
    plan,
    runTrial(trial) {
      loaded ??= loadModel(name);
      awake ??= wake(loaded);
      return runTrial({ ...awake, formats, tasks, versions, notes }, trial);
    },
    profiles: () => profile(model.dir),
    countOf: (task) => tasks.get(task)!.count,
    async rest() {
      await awake?.scorers.release();
      await awake?.calibration?.calibrators.release();
      loaded = null;
      awake = null;
    },
  };
}

function memoryOf(
  head: ModelHead,
  specs: readonly TrialSpec[],
  tasks: readonly PreparedTask[],
  text: CalibrationText | null,
): MemoryEstimate {
  const reference = specs.some(
    ({ format, method }) => format !== BASELINE && methodById(method).calibration === "drift",
  );
  return evaluationMemory(head, {
    positions: Math.max(...tasks.map(({ longest }) => longest)),
    formats: specs.some(({ format }) => format !== BASELINE),
    beside: tasks.some(({ besideReference }) => besideReference === true),
    trains: specs.some(trains),
    calibration: text && { tokens: text.count * text.context, context: text.context, reference },
  });
}

function needOf({ format, method }: TrialSpec) {
  return format === BASELINE ? "none" : methodById(method).calibration;
}

function calibrates(spec: TrialSpec): boolean {
  const need = needOf(spec);
  const fixed = spec.format !== BASELINE && staticSetting(spec.activation ?? "") !== null;
  return need === "inputs" || need === "drift" || fixed;
}

const trains = (spec: TrialSpec) => needOf(spec) === "text";

/** What of the calibration determines a result, for the trial's key. */
function textKey(spec: TrialSpec, text: CalibrationText | null, lesson: CalibrationText | null) {
  const part = (used: CalibrationText) => ({ textSha256: used.textSha256, windows: used.count, context: used.context });
  if (text && calibrates(spec)) return { calibration: part(text) };
  return lesson && trains(spec) ? { training: part(lesson) } : {};
}

/** What rows of a format are called beside others of their group: the named format, else the element. */
export function elementName({ name, elements }: Format): string {
  return name ?? elements[0]!.id;
}

export function familyOf({ element }: Format): string {
  return element?.family ?? "several";
}

interface PreparedTask extends TaskData {
  context: number;
  textSha256: string;
}

/** A model in memory with all that its trials share. */
interface Bench {
  model: LoadedModel;
  quantized: Map<string, Float32Array>;
  scorers: ScorerPool;
  calibration: { text: CalibrationText; calibrators: CalibratorPool } | null;
  training: (Omit<TrainingInput, "running"> & { data: CalibrationText }) | null;
  formats: ReadonlyMap<string, Format>;
  tasks: ReadonlyMap<string, PreparedTask>;
  versions: Record<string, string>;
  /** What the engine had to tell, such as a batch halved for want of memory; of all trials from then on. */
  notes: ReadonlySet<string>;
}

async function prepareTask(
  name: string,
  model: ModelHead,
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
function runningContent({ activation, range, cache, together }: RunningFormats): object | null {
  if (!activation && !cache) return null;
  return {
    ...{ activation: activation && formatContent(activation), range },
    ...{ cache: cache && formatContent(cache), ...(together ? { together } : {}) },
  };
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
  { model, formats, tasks, calibration, training, versions, quantized, notes, scorers: pool }: Bench,
  { key, spec, identity }: PlannedTrial,
): Promise<Row> {
  const startedAt = new Date().toISOString();
  const start = performance.now();
  const format = formats.get(spec.format) ?? null;
  const method = format && methodById(spec.method).seeded(spec.seed);
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
        training: training ? { ...training, running } : undefined,
      })
    : null;
  const quantizedAt = performance.now();
  const data = tasks.get(spec.task)!;
  const learnt = training && trains(spec) ? training.data : null;
  const calibrated = calibration && calibrates(spec) ? calibration.text : learnt;
  const weights = format
    ? new Map([...quantized, ...(done?.replaced ?? [])])
    : new Map([...model.weights, ...inputTransforms(model, running)]);
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
    ...(done?.training ? { training: done.training } : {}),
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

function profile(dir: string): TensorProfile[] {
  const checkpoint = openCheckpoint(dir);
  try {
    return [...profileTensors(checkpoint)].flatMap((fit) => tensorProfile(fit) ?? []);
  } finally {
    checkpoint.close();
  }
}
