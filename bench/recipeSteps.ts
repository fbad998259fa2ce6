/** @file Steps of a recipe on made-up tokens, as a run makes them but for where it begins: for benches. */
import { hadamardRotation } from "../evaluate/hadamard/index.ts";
import type { LoadedModel } from "../evaluate/model/loadedModel.ts";
import type { Recipe } from "../evaluate/training/recipe.ts";
import { createStepper, type Stepper } from "../evaluate/training/steps.ts";
import { createStudent } from "../evaluate/training/student.ts";
import { needsGamma, needsLayers, needsTeacher, studentGraph } from "../evaluate/training/studentGraph.ts";
import type { Format } from "../formats/index.ts";

export interface StepSizes {
  /** Windows of a step, and tokens of a window. */
  readonly batch: number;
  readonly time: number;
  readonly threads: number;
}

/** Rotations are of every layer; weights are rounded from the first step on, but by recipes that round once at the end. */
export function recipeSteps(
  { config, shapes, linears, weights }: LoadedModel,
  recipe: Recipe,
  format: Format,
  { batch, time, threads }: StepSizes,
): Pick<Stepper, "spent" | "release"> & { step(): Promise<number> } {
  const turned = recipe.rotation ? linears : [];
  const rotations = new Map(turned.map(({ name, cols }) => [name, hadamardRotation(cols, 0)!]));
  const student = createStudent(weights, linears, format, recipe, 0, { rotations, ranges: new Map() }, { threads });
  const { terms } = recipe;
  const taught = needsTeacher(terms) || needsLayers(terms);
  const teacher = [...(taught ? shapes : [])].map(([name, shape]) => [
    `teacher/${name}`,
    { data: weights.get(name)!, shape },
  ]);
  const stepper = createStepper(student, recipe, {
    shapes,
    threads,
    constant: Object.fromEntries(teacher),
    batch,
    graph: () => studentGraph(config, shapes, { terms, batch, time, teacher: "graph" }),
  });
  const ids = (shift: number) =>
    BigInt64Array.from({ length: batch * time }, (_, i) => {
      const position = Math.floor(i / time) * (time + 1) + (i % time) + shift;
      return BigInt((position * 7919) % config.vocabSize);
    });
  const feeds = {
    tokens: { data: ids(0), shape: [batch * time] },
    labels: { data: ids(1), shape: [batch * time] },
    ...(needsGamma(terms) ? { gamma: { data: Float32Array.of(0.5), shape: [] } } : {}),
  };
  const signal = recipe.fullPrecision === 1 ? "full-precision" : null;
  return {
    spent: stepper.spent,
    async release() {
      await stepper.release();
      await student.release();
    },
    step: async () => (await stepper.run([{ feeds, rate: 1e-4, signal, seed: 0 }]))[0]!.loss,
  };
}
