import { adamwDefaults } from "../engine/adamw.ts";
import { createGradientSession, type GradientSession } from "../engine/gradientSession.ts";
import { createOptimizer, gradientNorm, type OptimizerOptions, type TrainerState } from "../engine/optimizer.ts";
import type { HostTensor, SessionOptions } from "../engine/session.ts";
import { equalParts, type Shrinking, shrinking, type Warn } from "../engine/shrink.ts";
import { overParts } from "../graph/index.ts";
import type { Intervention } from "./layerTaps.ts";
import type { Recipe } from "./recipe.ts";
import { perturb } from "./spsa.ts";
import type { Student } from "./student.ts";
import { type StudentGraph, WINDOW_INPUTS } from "./studentGraph.ts";

/** One update of a student: what it measured before the update. */
export interface StepResult {
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly gradNorm: number;
}

/** What a step's graph differs by: a signal that the teacher lends, or nothing being rounded. */
export type Signal = Intervention | "full-precision";

/** What one update is made from. */
export interface StepInput {
  readonly feeds: Readonly<Record<string, HostTensor>>;
  readonly rate: number;
  readonly signal: Signal | null;
  readonly seed: number;
}

/** Updates a student on fed batches. */
export interface Stepper {
  /** Makes updates in order. Throws `NotFinite` before a step, or a run of several, changes anything where a number is not finite. */
  run(steps: readonly StepInput[]): Promise<StepResult[]>;
  /** Updates that are best made in one run. */
  readonly stepsPerRun: number;
  readonly state: TrainerState;
  /** Brings the student's parameters and the state up to date, where they live on a device. */
  sync(): Promise<void>;
  /** Milliseconds spent in `student.forward` and `student.backward`, and in all. */
  readonly spent: { quantize: number; total: number };
  release(): Promise<void>;
}

/** A loss or a gradient that is NaN or infinite, by name. */
export class NotFinite extends Error {}

export interface StepperOptions extends SessionOptions {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** What the graph is fed besides the student and the steps' own: a teacher's weights. */
  readonly constant: Readonly<Record<string, HostTensor>>;
  /** Windows of a step. */
  readonly batch: number;
  /** The graph of `size` of a step's windows under a signal; sessions are made when it is first asked for. */
  graph(signal: Signal | null, size: number): StudentGraph;
  readonly warn?: Warn | undefined;
}

/**
 * What is compiled of a step: its whole batch or, once memory does not suffice, equal parts of it one after another, whose
 * gradients add up to those of the batch. `warn` is told.
 */
export function shrinkingStep<T extends { release(): Promise<void> }>(
  { batch, warn }: Pick<StepperOptions, "batch" | "warn">,
  make: (size: number) => Promise<T>,
  from = batch,
): Shrinking<T> {
  const say = (text: string) => warn?.(`${text} at a time, in steps of ${batch} as before`);
  return shrinking("training", from, make, say, equalParts);
}

export function createStepper(
  student: Student,
  recipe: Recipe,
  { shapes, constant, graph: build, batch, warn, ...options }: StepperOptions,
  resume?: TrainerState,
  compile = createGradientSession,
): Stepper {
  const sessions = new Map<Signal | null, Shrinking<GradientSession>>();
  const arrays = new Map<string, Float32Array>();
  const current: Record<string, HostTensor> = { ...constant };
  for (const [name, shape] of shapes) current[name] = { data: student.weights.get(name)!, shape };
  let fits = batch;
  const sessionOf = async (signal: Signal | null, size: number) => {
    fits = size;
    const made = build(signal, size);
    // Tensors that do not train and those that SPSA perturbs need no gradient.
    const wanted = recipe.perturbation ? [] : made.parameters.filter(({ name }) => student.trained.has(name));
    const { graph, objective, terms } = size === batch ? made : overParts(made, wanted, WINDOW_INPUTS, batch / size);
    const session = await compile(graph, objective, terms, wanted, options, arrays);
    for (const [name, data] of session.gradients) arrays.set(name, data);
    return session;
  };
  const session = (signal: Signal | null) => {
    const made = sessions.get(signal) ?? shrinkingStep({ batch, warn }, (size) => sessionOf(signal, size), fits);
    sessions.set(signal, made);
    return made;
  };
  const optimizer = createOptimizer(
    recipe.perturbation ? new Map() : student.parameters,
    optimizerOf(recipe, shapes),
    resume,
  );
  const { state } = optimizer;
  const spent = { quantize: 0, total: 0 };
  const quantizing = async <T>(act: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await act();
    spent.quantize += performance.now() - start;
    return result;
  };
  const step = async ({ feeds, rate, signal, seed }: StepInput): Promise<StepResult> => {
    const start = performance.now();
    student.rounds(signal !== "full-precision");
    const run = async () => {
      await quantizing(() => student.forward());
      const result = await session(signal).use((engine) => engine.run({ ...current, ...feeds }));
      requireFinite("loss", result.loss, result.terms);
      return result;
    };
    let [result, gradNorm] = [await run(), 0];
    if (recipe.perturbation) {
      gradNorm = await perturb(student.parameters, recipe.perturbation, rate, seed, async () => (await run()).loss);
      state.step++;
    } else {
      const gradients = await quantizing(() => student.backward(arrays));
      gradNorm = gradientNorm([...student.parameters.keys()].map((name) => gradients.get(name)!));
      if (!Number.isFinite(gradNorm)) {
        const name = [...gradients].find(([, data]) => !Number.isFinite(gradientNorm([data])))?.[0];
        throw new NotFinite(`the gradient of ${name ?? "all tensors together"} is not finite`);
      }
      optimizer.update(gradients, rate, gradNorm);
    }
    spent.total += performance.now() - start;
    result = { ...result };
    return { ...result, gradNorm };
  };
  return {
    state,
    spent,
    stepsPerRun: 1,
    async run(steps) {
      const results: StepResult[] = [];
      for (const each of steps) results.push(await step(each));
      return results;
    },
    sync: async () => {},
    async release() {
      for (const each of sessions.values()) await each.release();
    },
  };
}

/** AdamW as a recipe has it, over the student's parameters. */
export function optimizerOf(recipe: Recipe, shapes: ReadonlyMap<string, readonly number[]>): OptimizerOptions {
  return {
    optimizer: { ...adamwDefaults, beta1: recipe.betas[0], beta2: recipe.betas[1], weightDecay: recipe.weightDecay },
    clipNorm: recipe.clipNorm,
    decays: (name) => isMatrix(name, shapes),
    rateOf: (name) => (isScale(name) ? (recipe.scaleRate ?? 1) : 1),
  };
}

function requireFinite(what: string, loss: number, terms: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(terms))
    if (!Number.isFinite(value)) throw new NotFinite(`term ${name} is ${value}`);
  if (!Number.isFinite(loss)) throw new NotFinite(`the ${what} is ${loss}`);
}

/** Norms and biases do not decay, scales neither. */
function isMatrix(name: string, shapes: ReadonlyMap<string, readonly number[]>): boolean {
  const [tensor, part] = name.split(":");
  return part === undefined || part === "weight" ? shapes.get(tensor!)?.length === 2 : part === "a" || part === "b";
}

function isScale(name: string): boolean {
  return /:(scale|clip|offset|levels|inputRange)$/.test(name);
}
