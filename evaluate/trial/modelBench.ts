import { join } from "node:path";
import { UserError } from "../../formats/error.ts";
import type { Format } from "../../formats/index.ts";
import type { FoundDevice } from "../engine/devices.ts";
import type { SessionOptions } from "../engine/session.ts";
import { meanBitsPerWeight, methodById } from "../methods/index.ts";
import { requireProjections } from "../model/architectures/runningFormats.ts";
import { openCheckpoint, packageRoot } from "../model/index.ts";
import {
  contextOf,
  type LoadedModel,
  layersFingerprint,
  loadModel,
  type ModelHead,
  readModelHead,
  restoreLayers,
  withWeights,
} from "../model/loadedModel.ts";
import { profileTensors, tensorProfile } from "../profile.ts";
import { createScorerPool, runningKey } from "../scoring/scorerPool.ts";
import { readDataFile } from "../storage/dataFile.ts";
import { cachingTokenizer } from "../storage/tokenCache.ts";
import {
  BASELINE,
  contentHash,
  keyTrials,
  type PlannedTrial,
  type RunTrial,
  type SweepConfig,
  type TrialSpec,
} from "../sweep/index.ts";
import { parseTask, taskById } from "../tasks/index.ts";
import { type RunSample, sharedRuns } from "../tasks/overlap.ts";
import { type CalibrationText, createCalibrators, readCalibration } from "./calibrationText.ts";
import { evaluationMemory, type MemoryEstimate } from "./memory.ts";
import { createResidentModel, requireDeviceOf } from "./residentModel.ts";
import type { TensorProfile } from "./row.ts";
import { runningFormatsOf } from "./runningFormatsOf.ts";
import { type PreparedTask, runTrial } from "./runTrial.ts";
import { calibrates, formatContent, runningContent, textKey, trains } from "./trialContent.ts";

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
  for (const { format, method } of specs) if (format !== BASELINE) requireDeviceOf(methodById(method), device);
  for (const [id, format] of formats) if (own.has(id)) meanBitsPerWeight(head.linears, format);
  const text = specs.some(calibrates)
    ? await readCalibration(head, config.calibration, config.calibrationWindows)
    : null;
  const lesson = specs.some(trains) ? await readCalibration(head, config.calibration, Number.MAX_SAFE_INTEGER) : null;
  const tasks = new Map<string, PreparedTask>();
  const runs = (text ?? lesson)?.runs ?? null;
  for (const task of new Set(specs.map((spec) => spec.task)))
    tasks.set(task, await prepareTask(task, head, config, runs));
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
    const fingerprint = layersFingerprint(model);
    let replaced = false;
    return {
      model,
      restore() {
        if (replaced) restoreLayers(model, fingerprint);
        replaced = false;
      },
      replace() {
        replaced = true;
      },
      last: { quantization: null },
      resident: createResidentModel(model, engine, device),
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
      await awake?.resident.release();
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
  const methods = specs.filter(({ format }) => format !== BASELINE).map(({ method }) => methodById(method));
  const drift = methods.some(({ calibration }) => calibration === "drift");
  const originals = methods.some(({ holdsOriginals }) => holdsOriginals);
  const running = new Map(specs.map(runningFormatsOf).map((formats) => [runningKey(formats), formats]));
  return evaluationMemory(head, {
    positions: Math.max(...tasks.map(({ longest }) => longest)),
    count: Math.max(...tasks.map(({ count }) => count)),
    running: [...running.values()],
    beside: tasks.some(({ remember }) => remember !== undefined),
    trains: specs.some(trains),
    calibration: text && { count: text.count, context: text.context, drift, originals },
  });
}

async function prepareTask(
  name: string,
  model: ModelHead,
  { context: asked, limitWindows }: SweepConfig,
  runs: RunSample | null,
): Promise<PreparedTask> {
  const spec = parseTask(name);
  const task = taskById(spec.task);
  const { tokenizer } = model;
  const context = contextOf(model, asked, task.contextMax);
  const path = spec.source === "reference" ? join(packageRoot(), "models", "reference", "heldout.txt") : spec.source;
  const { data, sha256: textSha256 } = await readDataFile(path);
  const encode = (each: string) => tokenizer.encode(each);
  const prefix = tokenizer.bosTokenId ?? tokenizer.eosTokenId;
  const shared = runs ? sharedRuns(runs, data) : 0;
  return { ...task.prepare(spec, { data, encode, prefix, context, limitWindows }), context, textSha256, shared };
}

function profile(dir: string): TensorProfile[] {
  const checkpoint = openCheckpoint(dir);
  try {
    return [...profileTensors(checkpoint)].flatMap((fit) => tensorProfile(fit) ?? []);
  } finally {
    checkpoint.close();
  }
}
