import { type Format, UserError } from "../../formats/index.ts";
import { createDeviceTrainer } from "../engine/deviceTrainer.ts";
import type { TrainerState } from "../engine/optimizer.ts";
import { holdsState } from "../engine/residence.ts";
import type { SessionOptions } from "../engine/session.ts";
import { isOutOfMemory } from "../engine/shrink.ts";
import { fakeQuantize, type Graph, type RoundingGradient, type Value } from "../graph/index.ts";
import { requireFittable } from "../graph/quantization/groupFit.ts";
import type { Recipe } from "./recipe.ts";
import { NotFinite, optimizerOf, type Stepper, type StepperOptions, type StepResult } from "./steps.ts";
import type { Student } from "./student.ts";
import type { Matrix } from "./weights/index.ts";

/** Rounds a tensor of the student inside its graph; gives others as they are. */
export type RoundedInGraph = (graph: Graph, name: string, value: Value) => Value;

/** Steps in one Loop on devices that cannot hold state between runs: it crosses to them and back once in so many. */
const STEPS_PER_LOOP = 16;

/**
 * How a recipe's weights are rounded inside the graph, so that parameters, moments and rounding all stay on the device; null
 * on the CPU, where the host's kernels are faster, and for recipes and formats that need them: learned scales, levels and
 * products, gradients through scales or cut at the levels' ends, teachers that lend signals.
 */
export function roundedInGraph(
  { device = "cpu" }: SessionOptions,
  format: Format | null,
  { weights: rule, perturbation, interventions }: Recipe,
  matrices: readonly Matrix[],
): RoundedInGraph | null {
  if (device === "cpu" || perturbation || interventions) return null;
  if (!format) return (_, __, value) => value;
  if (rule.latent !== "full" || rule.scale !== "format" || rule.levels || rule.straightThrough === "clipped")
    return null;
  try {
    requireFittable(format);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
  const gradient: RoundingGradient = rule.straightThrough === "identity" ? "identity" : { box: rule.straightThrough };
  const rounded = new Set(matrices.map(({ name }) => name));
  return (graph, name, value) => (rounded.has(name) ? fakeQuantize(graph, value, { format, gradient }) : value);
}

/** A stepper whose parameters and moments live on the device. The graph rounds the weights: see `roundedInGraph`. */
export async function createDeviceStepper(
  student: Student,
  recipe: Recipe,
  { shapes, constant, graph: build, ...engine }: StepperOptions,
  resume?: TrainerState,
): Promise<Stepper> {
  const { graph, objective, terms, parameters } = build(null);
  // A rounded tensor's parameter is called NAME:weight, the graph's input NAME.
  const nameOf = (tensor: string) => (student.parameters.has(`${tensor}:weight`) ? `${tensor}:weight` : tensor);
  const trained = parameters.filter(({ name }) => student.parameters.has(nameOf(name)));
  const byTensor = (all: ReadonlyMap<string, Float32Array>) =>
    new Map(trained.map(({ name }) => [name, all.get(nameOf(name))!]));
  const zeros = () => new Map([...student.parameters].map(([name, data]) => [name, new Float32Array(data.length)]));
  const state: TrainerState = resume ?? { step: 0, first: zeros(), second: zeros() };
  const frozen = new Map(Object.entries(constant));
  for (const { name, shape } of parameters)
    if (!trained.some((value) => value.name === name)) frozen.set(name, { data: student.weights.get(name)!, shape });
  const trainer = await createDeviceTrainer(
    graph,
    objective,
    terms,
    trained,
    byTensor(student.parameters),
    frozen,
    { ...engine, ...optimizerOf(recipe, shapes) },
    { step: state.step, first: byTensor(state.first), second: byTensor(state.second) },
  );
  const spent = { quantize: 0, total: 0 };
  return {
    state,
    spent,
    stepsPerRun: holdsState(engine) ? 1 : STEPS_PER_LOOP,
    async run(steps): Promise<StepResult[]> {
      const start = performance.now();
      try {
        return await trainer.run(steps);
      } catch (error) {
        if (isOutOfMemory(error)) throw new UserError(`device ${engine.device}: out of memory; take a smaller batch`);
        throw /^training diverged/.test((error as Error).message) ? new NotFinite((error as Error).message) : error;
      } finally {
        state.step = trainer.state.step;
        spent.total += performance.now() - start;
      }
    },
    sync: () => trainer.sync(),
    release: () => trainer.release(),
  };
}
