import { join } from "node:path";
import { UserError } from "../../formats/error.ts";
import type { Format } from "../../formats/index.ts";
import type { FoundDevice } from "../engine/devices.ts";
import type { SessionOptions } from "../engine/session.ts";
import { meanBitsPerWeight, methodById } from "../methods/index.ts";
import { requireProjections } from "../model/architectures/runningFormats.ts";
import { headLayer, type LinearLayer, openCheckpoint, packageRoot } from "../model/index.ts";
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
import { TOKENS_CPU } from "../scoring/runSize.ts";
import { createScorerPool, runningKey } from "../scoring/scorerPool.ts";
import { compiledGraphs } from "../scoring/sequenceRuns.ts";
import { readDataFile } from "../storage/dataFile.ts";
import { cachingTokenizer } from "../storage/tokenCache.ts";
import {
  BASELINE,
  contentHash,
  type Head,
  headOf,
  keyTrials,
  type PlannedTrial,
  type RunTrial,
  type SweepConfig,
  scopes,
  type TrialSpec,
} from "../sweep/index.ts";
import { parseTask, taskById } from "../tasks/index.ts";
import { type RunSample, sharedRuns } from "../tasks/overlap.ts";
import { type CalibrationText, createCalibrators, readCalibration } from "./calibrationText.ts";
import { evaluationMemory, type MemoryEstimate, type ModelSize } from "./memory.ts";
import { createResidentModel, requireDeviceOf } from "./residentModel.ts";
import type { TensorProfile } from "./row.ts";
import { runningFormatsOf } from "./runningFormatsOf.ts";
import { type PreparedTask, runTrial } from "./runTrial.ts";
import { headIn, scopedModel, scopedWeights } from "./scopedModel.ts";
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
  planned: readonly TrialSpec[],
  config: SweepConfig,
  { formats, versions, engine: common, device, cache, onMemory }: BenchOptions,
): Promise<ModelBench> {
  const plain = readModelHead(name);
  const head = cache === undefined ? plain : { ...plain, tokenizer: cachingTokenizer(plain.tokenizer, cache) };
  const specs = planned.map((spec) => ({ ...spec, scope: scopes[headIn(head.config, headOf(spec.scope))] }));
  for (const spec of specs) requireProjections(head.linears, runningFormatsOf(spec));
  for (const { format, method } of specs) if (format !== BASELINE) requireDeviceOf(methodById(method), device);
  for (const [scope, own] of byScope(specs)) {
    const { linears } = scopedModel(head.config, headOf(scope));
    const ids = new Set(own.map(({ format }) => format));
    for (const [id, format] of formats) if (ids.has(id)) meanBitsPerWeight(linears, format);
  }
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
  function wake(full: LoadedModel, head: Head) {
    if (full.sha256 !== sha256) throw new UserError(`${name}: its weights changed while the sweep ran`);
    const fingerprint = layersFingerprint(full);
    const model = { ...full, ...scopedModel(full.config, head), weights: scopedWeights(full, head) };
    let replaced = false;
    return {
      model,
      restore() {
        if (replaced) restoreLayers(full, fingerprint);
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
  let awake: { scope: string; bench: ReturnType<typeof wake> } | null = null;
  async function sleep() {
    const { bench } = awake ?? {};
    awake = null;
    await bench?.resident.release();
    await bench?.scorers.release();
    await bench?.calibration?.calibrators.release();
  }
  return {
    plan,
    async runTrial(trial, tell) {
      const { scope } = trial.spec;
      if (awake && awake.scope !== scope) {
        awake.bench.restore();
        await sleep();
      }
      loaded ??= loadModel(name);
      awake ??= { scope, bench: wake(loaded, headOf(scope)) };
      return runTrial({ ...awake.bench, formats, tasks, versions, notes }, trial, tell);
    },
    profiles: () => profile(model.dir),
    countOf: (task) => tasks.get(task)!.count,
    async rest() {
      loaded = null;
      await sleep();
    },
  };
}

function byScope(specs: readonly TrialSpec[]): Map<string, TrialSpec[]> {
  const found = new Map<string, TrialSpec[]>();
  for (const spec of specs) found.set(spec.scope, [...(found.get(spec.scope) ?? []), spec]);
  return found;
}

/** Of the scope that needs the most. */
function memoryOf(
  { config }: Pick<ModelHead, "config">,
  specs: readonly TrialSpec[],
  tasks: readonly PreparedTask[],
  text: CalibrationText | null,
): MemoryEstimate {
  const estimates = [...byScope(specs)].map(([scope, own]) => {
    const model = scopedModel(config, headOf(scope));
    // Untied, the full-precision head is the table of embeddings.
    const held = scope === scopes.quant ? [headLayer(config)] : [];
    return memoryInScope(model, held, own, tasks, text);
  });
  return estimates.reduce((most, each) => (each.bytes > most.bytes ? each : most));
}

function memoryInScope(
  model: ModelSize,
  held: readonly LinearLayer[],
  specs: readonly TrialSpec[],
  tasks: readonly PreparedTask[],
  text: CalibrationText | null,
): MemoryEstimate {
  const methods = specs.filter(({ format }) => format !== BASELINE).map(({ method }) => methodById(method));
  const drift = methods.some(({ calibration }) => calibration === "drift");
  const originals = methods.some(({ holdsOriginals }) => holdsOriginals);
  const running = new Map(specs.map(runningFormatsOf).map((formats) => [runningKey(formats), formats]));
  return evaluationMemory(model, {
    positions: Math.max(...tasks.map(({ longest }) => longest)),
    count: Math.max(...tasks.map(({ count }) => count)),
    graphs: Math.max(...tasks.map(graphsOf)),
    running: [...running.values()],
    beside: tasks.some(({ remember }) => remember !== undefined),
    trains: specs.some(trains),
    held,
    calibration: text && { count: text.count, context: text.context, drift, originals },
  });
}

/** Windows are all of one length. */
function graphsOf({ lengths, context }: PreparedTask): number {
  return lengths ? compiledGraphs(lengths, { most: context, tokensPerRun: TOKENS_CPU }) : 1;
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
