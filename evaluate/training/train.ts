import { existsSync } from "node:fs";
import { type Format, UserError } from "../../formats/index.ts";
import type { Device, HostTensor } from "../engine/session.ts";
import type { Warn } from "../engine/shrink.ts";
import type { ModelConfig } from "../model/architectures/index.ts";
import { type RunningFormats, roundingHooks } from "../model/architectures/runningFormats.ts";
import { fillBatch, type TokenWindows } from "./batches.ts";
import { createDeviceStepper, roundedInGraph } from "./deviceSteps.ts";
import { begun, flush, note, type Running } from "./history.ts";
import { createJudge } from "./judge.ts";
import type { HistoryEntry, TrainingLog } from "./log.ts";
import { unitOf } from "./losses.ts";
import { planOf } from "./plan.ts";
import type { Prepared } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import { createStepper, NotFinite, type StepInput } from "./steps.ts";
import { createStudent } from "./student.ts";
import { needsGamma, needsLayers, needsTeacher, studentGraph } from "./studentGraph.ts";
import { inputsLog, runningOf, transformShapes } from "./studentInputs.ts";
import type { Teacher } from "./teacher.ts";
import { readTraining, writeTraining } from "./trainingCheckpoint.ts";
import type { Matrix } from "./weights/index.ts";

export interface TrainOptions {
  readonly config: ModelConfig;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly linears: readonly Matrix[];
  /** The full-precision model: where the student begins. Not written to. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Where the student begins in their place, where a recipe prepares it, and what its layers do to their inputs. */
  readonly start?: Prepared;
  /** Null trains in full precision: what the text alone does to the model. */
  readonly format: Format | null;
  /** What the student's activations and cache are rounded to as it learns and is scored; full precision when absent. */
  readonly running?: RunningFormats;
  readonly recipe: Recipe;
  readonly data: TokenWindows;
  /** Text that chooses when to stop: neither trained on nor reported. */
  readonly heldout: TokenWindows;
  readonly teacher: Teacher;
  /** Windows of a step. */
  readonly batch: number;
  /** Tokens to train on, a token seen twice counting twice: as many whole steps as do not exceed them. */
  readonly tokens: number;
  /** Wall-clock limit of the training; none when absent. */
  readonly seconds?: number;
  /** Peak learning rate; the recipe's own when absent. */
  readonly rate?: number;
  readonly seed: number;
  readonly threads?: number;
  /** Where the models run; the CPU when absent. */
  readonly device?: Device;
  /** File that the run is kept in while it lasts, and the identity of the run. An existing file is gone on from. */
  readonly checkpoint?: { readonly path: string; readonly run: string };
  readonly signal?: AbortSignal;
  /** Told where memory did not suffice for what was asked, and what was done instead. */
  readonly warn?: Warn;
  readonly onProgress?: (entry: HistoryEntry, steps: number) => void;
}

export interface Trained {
  /** Every tensor: quantized matrices on their format's grid, the others as trained. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly extraBits: number;
  readonly log: TrainingLog;
}

/** Evaluations without a better held-out loss after which a run stops. */
const PATIENCE = 4;

/** Whether a recipe needs the weights of each step on the host. */
function onHost({ perturbation, interventions, rotation, clips, fullPrecision, trains }: Recipe): boolean {
  return [perturbation, interventions, rotation, clips, fullPrecision].some(Boolean) || trains === "queries-values";
}

/**
 * Retrains a model by a recipe. Throws UserError naming step and term where the loss is not finite or more than ln(vocab)
 * above where it began, and when interrupted, with what the checkpoint then holds.
 */
export async function train(options: TrainOptions): Promise<Trained> {
  const { config, shapes, linears, weights, format, recipe, data, teacher, seed, checkpoint } = options;
  const running = runningOf(options);
  const { context } = data;
  const time = context - 1;
  const plan = planOf(options);
  const { batch, steps, every } = plan;
  const engine = {
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.device === undefined ? {} : { device: options.device }),
  };
  const layers = needsLayers(recipe.terms) || recipe.interventions !== undefined;
  if (layers && teacher.source === "logits")
    throw new UserError(`recipe ${recipe.id} compares layers, which stored logits do not have; take --teacher graph`);
  const student = createStudent(
    options.start?.weights ?? weights,
    linears,
    format,
    recipe,
    seed,
    options.start,
    engine,
  );
  const transforms = transformShapes(options, running);
  const best = new Map([...student.parameters].map(([name, values]) => [name, values.slice()]));
  const resumed =
    checkpoint && existsSync(checkpoint.path)
      ? readTraining(checkpoint.path, checkpoint.run, student.parameters, best, recipe.perturbation === undefined)
      : null;
  const lent = needsTeacher(recipe.terms) || layers ? teacher.feeds(batch * time) : {};
  const inGraph = onHost(recipe) ? null : roundedInGraph(engine, format, recipe, linears);
  const stepper = (inGraph ? createDeviceStepper : createStepper)(
    student,
    recipe,
    {
      shapes: new Map([...shapes, ...transforms]),
      ...engine,
      constant: teacher.source === "graph" ? lent : {},
      batch,
      warn: options.warn,
      graph: (signal, size) =>
        studentGraph(config, shapes, {
          terms: recipe.terms,
          batch: size,
          stepBatch: batch,
          time,
          teacher: teacher.source,
          transforms,
          intervention: signal === "full-precision" ? null : signal,
          device: options.device,
          ...(inGraph && { weight: inGraph }),
          ...(running && signal !== "full-precision"
            ? {
                student: (made) =>
                  roundingHooks(made, running, {
                    gradient: recipe.activationGradient ?? "identity",
                    transforms: false,
                  }),
              }
            : {}),
        }),
    },
    resumed?.state,
  );
  const judge = await createJudge(options, running, { ...engine, ...(options.warn ? { warn: options.warn } : {}) });
  const heldoutLoss = async () => {
    await stepper.sync();
    student.rounds(true);
    await student.forward();
    return judge.loss(student.weights);
  };
  try {
    const gamma = needsGamma(recipe.terms) ? await teacher.gamma(recipe.gamma ?? "label", data, batch) : null;
    const progress = (resumed?.progress ?? begun(await heldoutLoss())) as Running;
    const feedsOf = (chosen: readonly number[]): Record<string, HostTensor> => {
      const [tokens, labels] = [new BigInt64Array(batch * time), new BigInt64Array(batch * time)];
      fillBatch(data, chosen, tokens, labels);
      return {
        tokens: { data: tokens, shape: [batch * time] },
        labels: { data: labels, shape: [batch * time] },
        ...(gamma === null ? {} : { gamma: { data: Float32Array.of(gamma), shape: [] } }),
        ...(teacher.source === "graph" ? {} : lent),
      };
    };
    // A teacher that lends logits has one array for them, of one step.
    const together = teacher.source === "graph" ? stepper.stepsPerRun : 1;
    if (plan.warm > 0 && progress.step <= plan.warm) student.rounds(false);
    const earlier = progress.seconds;
    const began = performance.now();
    const elapsed = () => earlier + (performance.now() - began) / 1000;
    const save = async () => {
      await stepper.sync();
      if (checkpoint)
        writeTraining(checkpoint.path, checkpoint.run, student.parameters, stepper.state, best, {
          ...progress,
          seconds: elapsed(),
        });
    };
    let stoppedBy: TrainingLog["stoppedBy"] | null = progress.step >= steps ? "budget" : null;
    while (stoppedBy === null) {
      if (options.signal?.aborted) {
        await save();
        throw new UserError(
          `interrupted after step ${progress.step} of ${steps}; ${checkpoint ? "the same command with --resume goes on from here" : "nothing was written"}`,
        );
      }
      const next: StepInput[] = [];
      // Up to the next evaluation, which looks at the weights.
      const most = Math.min(together, every - (progress.step % every), steps - progress.step);
      for (let step = progress.step; step < progress.step + most; step++) {
        const { chosen, ...how } = plan.step(step);
        await teacher.load(data, chosen);
        next.push({ ...how, feeds: feedsOf(chosen) });
      }
      const at = () => `${recipe.id} diverged at step ${progress.step + 1} of ${steps}`;
      const results = await stepper.run(next).catch((error: unknown) => {
        throw error instanceof NotFinite
          ? new UserError(`${at()}: ${error.message}; lower the rate ${plan.peak}`)
          : error;
      });
      for (const { terms, gradNorm } of results) {
        const where = at();
        // Where rounding begins a term may leap: what it has risen by counts from there.
        if (progress.step === plan.warm) progress.first = {};
        progress.step++;
        note(progress, terms, gradNorm, config.vocabSize, where);
      }
      const late = options.seconds !== undefined && elapsed() >= options.seconds;
      if (progress.step % every === 0 || progress.step === steps || late) {
        const entry = { ...flush(progress), tokens: progress.step * batch * time, heldoutLoss: await heldoutLoss() };
        progress.history.push(entry);
        if (entry.heldoutLoss < progress.best.heldoutLoss) {
          progress.best = { step: progress.step, heldoutLoss: entry.heldoutLoss };
          for (const [name, values] of student.parameters) best.get(name)!.set(values);
        }
        options.onProgress?.(entry, steps);
        await save();
        const stale = progress.history.filter(({ step }) => step > progress.best.step).length;
        if (progress.step >= steps) stoppedBy = "budget";
        else if (late) stoppedBy = "time";
        else if (stale >= PATIENCE) stoppedBy = "held-out loss";
      }
    }
    student.rounds(true);
    for (const [name, values] of student.parameters) values.set(best.get(name)!);
    await student.forward();
    const { quantize, total } = stepper.spent;
    const log: TrainingLog = {
      recipe: recipe.id,
      budget: { tokens: options.tokens, seconds: options.seconds ?? null },
      batch,
      context,
      rate: plan.peak,
      seed,
      steps: progress.step,
      tokens: progress.step * batch * time,
      seconds: elapsed(),
      stoppedBy,
      quantizeShare: total > 0 ? quantize / total : 0,
      units: Object.fromEntries(recipe.terms.map(({ loss }) => [loss, unitOf(loss)])),
      ...(gamma === null ? {} : { gamma }),
      ...inputsLog(options, student),
      best: progress.best,
      history: progress.history,
    };
    return { weights: student.weights, extraBits: student.extraBits, log };
  } finally {
    await stepper.release();
    await student.release();
    await judge.release();
  }
}
