import { type Format, parseFormat } from "../../formats/index.ts";
import { formatCosts } from "../../hwmodel/index.ts";
import type { Weights } from "../engine/residence.ts";
import { deviceRtn, type MethodResult, meanBitsPerWeight, methodById, type TrainingInput } from "../methods/index.ts";
import { inputTransforms } from "../model/architectures/runningFormats.ts";
import type { LoadedModel } from "../model/loadedModel.ts";
import type { ScorerPool } from "../scoring/scorerPool.ts";
import {
  BASELINE,
  canonicalJson,
  type Head,
  headOf,
  type PlannedTrial,
  type Tell,
  type TrialSpec,
} from "../sweep/index.ts";
import type { TaskData } from "../tasks/index.ts";
import { type CalibrationText, type CalibratorPool, calibrationWarnings } from "./calibrationText.ts";
import type { ResidentModel } from "./residentModel.ts";
import type { Row } from "./row.ts";
import { runningFormatsOf } from "./runningFormatsOf.ts";
import { ACTIVATION, calibrates, trains } from "./trialContent.ts";

export interface PreparedTask extends TaskData {
  context: number;
  textSha256: string;
  /** The share of the calibration's runs of words that its data have too; 0 where there is none. */
  shared: number;
}

/** What a trial made of the weights: the next one takes it over if it asks for the same on another task. */
export interface Quantization {
  /** What it was made by: a trial less its task. */
  by: string;
  /** The model's tensors as they run, with the factors of the layers' inputs. */
  weights: Map<string, Float32Array>;
  /** Null at full precision. */
  done: MethodResult | null;
}

/** A model in memory with all that its trials in one scope share. */
export interface Bench {
  /** As the scope has it. The linear layers of its blocks are those of the last trial, until `restore`; its head stays. */
  model: LoadedModel;
  /** Puts back the full-precision weights, where a trial has others in their place. */
  restore(): void;
  /** To be called before a trial puts other weights in their place. */
  replace(): void;
  /** What stands in the layers since the last trial that may hand it on. */
  last: { quantization: Quantization | null };
  resident: ResidentModel;
  scorers: ScorerPool;
  calibration: { text: CalibrationText; calibrators: CalibratorPool } | null;
  training: (Omit<TrainingInput, "running"> & { data: CalibrationText }) | null;
  formats: ReadonlyMap<string, Format>;
  tasks: ReadonlyMap<string, PreparedTask>;
  versions: Record<string, string>;
  /** What the engine had to tell, such as a batch halved for want of memory; of all trials from then on. */
  notes: ReadonlySet<string>;
}

/** The row of a trial, without its differences to the baseline. */
export async function runTrial(
  bench: Bench,
  { key, spec, identity }: PlannedTrial,
  tell: Tell = () => {},
): Promise<Row> {
  const { model, formats, tasks, calibration, training, versions, notes, scorers: pool } = bench;
  const startedAt = new Date().toISOString();
  const start = performance.now();
  const format = formats.get(spec.format) ?? null;
  const running = runningFormatsOf(spec);
  const data = tasks.get(spec.task)!;
  const scorers = await pool.of(running);
  const { last } = bench;
  // What a task remembers of the model at full precision needs its weights.
  if (last.quantization?.by !== quantizedBy(spec) || data.remember) {
    last.quantization = null;
    bench.restore();
  }
  const full = await bench.resident.weights();
  await data.remember?.(scorers.model(full, full, data.context));
  const { weights, done } = last.quantization ?? (await quantized(bench, spec, tell));
  // Tensors on a device are freed after their trial.
  last.quantization = done?.placed ? null : { by: quantizedBy(spec), weights, done };
  const quantizedAt = performance.now();
  const learnt = training && trains(spec) ? training.data : null;
  const calibrated = calibration && calibrates(spec) ? calibration.text : learnt;
  const layers = new Set(format ? model.linears.map(({ name }) => name) : []);
  const own = [...weights].filter(([name]) => layers.has(name) || !model.weights.has(name));
  const scored: Weights = new Map([...full, ...own, ...(done?.replaced ?? []), ...(done?.placed ?? [])]);
  const measured = await data.measure(scorers.model(full, scored, data.context, tell)).finally(() => {
    for (const tensor of done?.placed?.values() ?? []) tensor.free();
  });
  const evaluatedAt = performance.now();
  // A learned codebook has no multiplier of the format's.
  const costs =
    format && !methodById(spec.method).ownLevels
      ? formatCosts(format, running.activation ?? parseFormat(ACTIVATION))
      : null;
  const bitsPerWeight = format ? meanBitsPerWeight(model.linears, format) + (done?.extraBitsPerWeight ?? 0) : 32;
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
    bitsPerWeight,
    modelBitsPerWeight: format ? modelBitsPerWeight(model, bitsPerWeight, headOf(spec.scope)) : 32,
    weightMse: done?.weightMse ?? 0,
    cost: costs?.modelled ?? null,
    synthesizedCost: costs?.synthesized ?? null,
    layers: done?.layers ?? [],
    ...(done?.training ? { training: done.training } : {}),
    warnings: [
      ...data.warnings,
      ...(calibrated ? calibrationWarnings(model, calibrated, data) : []),
      ...(done?.warnings ?? []),
      ...notes,
    ],
    versions,
    config: { ...spec, identity, ...(calibrated ? { calibration: calibrated.source } : {}) },
    timing: { startedAt, quantizeMs: quantizedAt - start, evaluateMs: evaluatedAt - quantizedAt },
  };
}

/** All that determines a trial's weights within one bench. */
function quantizedBy({ task: _, context: __, limitWindows: ___, ...spec }: TrialSpec): string {
  return canonicalJson(spec);
}

/** Puts the trial's weights in the place of the full-precision ones: there is no second copy of the layers. */
async function quantized(
  { model, replace, formats, calibration, training, resident }: Bench,
  spec: TrialSpec,
  tell: Tell,
): Promise<Omit<Quantization, "by">> {
  const running = runningFormatsOf(spec);
  const weights = new Map([...model.weights, ...inputTransforms(model.linears, running)]);
  const format = formats.get(spec.format);
  if (!format) return { weights, done: null };
  const method = methodById(spec.method).seeded(spec.seed);
  if (method !== deviceRtn) {
    replace();
    const head = headOf(spec.scope) === "fp" ? undefined : model.linears.at(-1)!;
    // What is compared with the full-precision model needs its head; embeddings that are not tied need theirs.
    if (head) weights.set(head.name, new Float32Array(head.rows * head.cols));
  }
  const done = await method.quantize({
    format,
    matrices: model.linears,
    weights: model.weights,
    into: weights,
    calibrator: await calibration?.calibrators.of(running),
    ...(running.activation && running.range !== "learned"
      ? { inputs: { format: running.activation, range: running.range } }
      : {}),
    training: training ? { ...training, running } : undefined,
    rounder: resident.rounder,
    tell: (step) => tell(`${spec.method}, ${step}`),
  });
  return { weights, done };
}

/** Bits in which what is not quantized is stored: the half precision that models are published in. */
const OTHER_BITS = 16;

/**
 * Bits of a whole model whose linear layers have so many per weight, over the weights that it was published with: untying adds
 * a matrix to store, not weights over which the others' bits would spread.
 */
export function modelBitsPerWeight(
  { shapes, linears }: Pick<LoadedModel, "shapes" | "linears">,
  bits: number,
  head: Head,
): number {
  const all = [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((size, length) => size * length, 1), 0);
  const sizes = linears.map(({ rows, cols }) => rows * cols);
  const quantized = sizes.reduce((sum, size) => sum + size, 0);
  const published = head === "untie" ? all - sizes.at(-1)! : all;
  return (bits * quantized + OTHER_BITS * (all - quantized)) / published;
}

/** What rows of a format are called beside others of their group: the named format, else the element. */
export function elementName({ name, elements }: Format): string {
  return name ?? elements[0]!.id;
}

export function familyOf({ element }: Format): string {
  return element?.family ?? "several";
}
