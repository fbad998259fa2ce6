import { type Format, UserError } from "../../formats/index.ts";
import { createDeviceTrainer, type DeviceTrainer } from "../engine/deviceTrainer.ts";
import type { TrainerState } from "../engine/optimizer.ts";
import { holdsState } from "../engine/residence.ts";
import type { SessionOptions } from "../engine/session.ts";
import { isOutOfMemory } from "../engine/shrink.ts";
import { fakeQuantize, type Graph, type RoundingGradient, type Value } from "../graph/index.ts";
import { requireFittable } from "../graph/quantization/groupFit.ts";
import type { Recipe } from "./recipe.ts";
import {
  NotFinite,
  optimizerOf,
  type StepInput,
  type Stepper,
  type StepperOptions,
  type StepResult,
  shrinkingStep,
} from "./steps.ts";
import type { Student } from "./student.ts";
import { WINDOW_INPUTS } from "./studentGraph.ts";
import type { Matrix } from "./weights/index.ts";
import { learnedRounding, learnsInGraph } from "./weights/learnedNodes.ts";

/** Rounds a tensor of the student inside its graph; gives others as they are. */
export type RoundedInGraph = (graph: Graph, name: string, value: Value) => Value;

/** Steps in one Loop on devices that cannot hold state between runs: it crosses to them and back once in so many. */
const STEPS_PER_LOOP = 16;

/**
 * How a recipe's weights are rounded inside the graph, so that parameters, moments and rounding all stay on the device; null
 * on the CPU, where the host's kernels are faster, and for recipes and formats that need them: learned clips, levels and
 * products, gradients through scales or cut at the levels' ends of scales that are not learned, teachers that lend signals.
 */
export function roundedInGraph(
  { device = "cpu" }: SessionOptions,
  format: Format | null,
  { weights: rule, perturbation, interventions }: Recipe,
  matrices: readonly Matrix[],
): RoundedInGraph | null {
  if (device === "cpu" || perturbation || interventions) return null;
  if (!format) return (_, __, value) => value;
  const rounded = new Set(matrices.map(({ name }) => name));
  try {
    if (learnsInGraph(format, rule, matrices))
      return (graph, name, value) => (rounded.has(name) ? learnedRounding(graph, name, value, format, rule) : value);
    if (rule.latent !== "full" || rule.scale !== "format" || rule.levels || rule.straightThrough === "clipped")
      return null;
    requireFittable(format);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
  const gradient: RoundingGradient = rule.straightThrough === "identity" ? "identity" : { box: rule.straightThrough };
  return (graph, name, value) => (rounded.has(name) ? fakeQuantize(graph, value, { format, gradient }) : value);
}

/** A stepper whose parameters and moments live on the device. The graph rounds the weights: see `roundedInGraph`. */
export function createDeviceStepper(
  student: Student,
  recipe: Recipe,
  { shapes, constant, graph: build, batch, warn, ...engine }: StepperOptions,
  resume?: TrainerState,
  compile = createDeviceTrainer,
): Stepper {
  // A rounded tensor's parameter is called NAME:weight, the graph's input NAME.
  const nameOf = (tensor: string) => (student.parameters.has(`${tensor}:weight`) ? `${tensor}:weight` : tensor);
  const isTrained = ({ name }: Value) => student.parameters.has(nameOf(name));
  const zeros = () => new Map([...student.parameters].map(([name, data]) => [name, new Float32Array(data.length)]));
  const state: TrainerState = resume ?? { step: 0, first: zeros(), second: zeros() };
  const trainers = shrinkingStep({ batch, warn }, (size) => {
    const made = build(null, size);
    // Scales that a graph learns are inputs of it beside the model's tensors.
    const trained = made.graph.inputs.filter(isTrained);
    const byTensor = (all: ReadonlyMap<string, Float32Array>) =>
      new Map(trained.map(({ name }) => [name, all.get(nameOf(name))!]));
    const frozen = new Map(Object.entries(constant));
    for (const { name, shape } of made.parameters.filter((value) => !isTrained(value)))
      frozen.set(name, { data: student.weights.get(name)!, shape });
    const parts = size < batch ? { parts: { count: batch / size, own: WINDOW_INPUTS } } : {};
    return compile(
      made.graph,
      made.objective,
      made.terms,
      trained,
      byTensor(student.parameters),
      frozen,
      { ...engine, ...parts, ...optimizerOf(recipe, shapes) },
      { step: state.step, first: byTensor(state.first), second: byTensor(state.second) },
    );
  });
  const spent = { quantize: 0, total: 0 };
  const stepsPerRun = holdsState(engine) ? 1 : STEPS_PER_LOOP;
  const runOf = (steps: readonly StepInput[]) =>
    trainers.use(async (trainer) => {
      try {
        return await trainer.run(steps);
      } catch (error) {
        // What goes on with less begins at the host's arrays.
        if (isOutOfMemory(error)) await synced(trainer);
        throw /^training diverged/.test((error as Error).message) ? new NotFinite((error as Error).message) : error;
      } finally {
        state.step = trainer.state.step;
      }
    });
  return {
    state,
    spent,
    stepsPerRun,
    async run(steps): Promise<StepResult[]> {
      const start = performance.now();
      const results: StepResult[] = [];
      try {
        while (results.length < steps.length)
          results.push(...(await runOf(steps.slice(results.length, results.length + stepsPerRun))));
        return results;
      } finally {
        spent.total += performance.now() - start;
      }
    },
    sync: async () => trainers.current()?.sync(),
    release: () => trainers.release(),
  };
}

async function synced(trainer: DeviceTrainer): Promise<void> {
  try {
    await trainer.sync();
  } catch (error) {
    throw new UserError(
      `training: out of memory, and what was trained cannot be read back: ${(error as Error).message}`,
    );
  }
}
