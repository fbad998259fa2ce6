import type { Format } from "../../formats/index.ts";
import { normals } from "../random.ts";
import type { Recipe } from "./recipe.ts";
import { type FakeQuant, fakeQuantOf, type Matrix } from "./weights/index.ts";

/** A model in training: what an optimizer updates, and the weights that follow from it. */
export interface Student {
  /** Arrays updated in place: `NAME` of a tensor that stays in full precision, `NAME:scale` and the like of a quantized one. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** What the graph is fed, and what is exported: quantized matrices, and the other tensors as they are. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Brings `weights` up to date with `parameters`. */
  forward(): void;
  /** Gradients of the parameters, given those of the weights, which must be up to date. Arrays are kept between calls. */
  backward(gradients: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, Float32Array>;
  readonly extraBits: number;
}

/**
 * The student that begins as `weights`, which are not written to. `format` null trains all in full precision. `random` draws
 * of low-rank starts come from the seed.
 */
export function createStudent(
  weights: ReadonlyMap<string, Float32Array>,
  matrices: readonly Matrix[],
  format: Format | null,
  recipe: Pick<Recipe, "weights" | "trains">,
  seed: number,
): Student {
  const normal = normals(seed);
  const rule = format ? recipe.weights : null;
  const quantized = new Map<string, FakeQuant>();
  const parameters = new Map<string, Float32Array>();
  const current = new Map<string, Float32Array>();
  const byName = new Map(matrices.map((matrix) => [matrix.name, matrix]));
  for (const [name, data] of weights) {
    const matrix = byName.get(name);
    if (matrix && rule) {
      const fake = fakeQuantOf(rule, format!, matrix, data, normal);
      quantized.set(name, fake);
      for (const [part, values] of fake.parameters) parameters.set(`${name}:${part}`, values);
      current.set(name, new Float32Array(data.length));
    } else {
      current.set(name, data.slice());
      if (matrix || recipe.trains === "all") parameters.set(name, current.get(name)!);
    }
  }
  const slopes = new Map<string, Float32Array>();
  const partial = new Map(
    [...quantized].map(([name, fake]) => {
      const own = new Map([...fake.parameters].map(([part, values]) => [part, new Float32Array(values.length)]));
      for (const [part, values] of own) slopes.set(`${name}:${part}`, values);
      return [name, own] as const;
    }),
  );
  return {
    parameters,
    weights: current,
    forward() {
      for (const [name, fake] of quantized) fake.forward(current.get(name)!);
    },
    backward(gradients) {
      for (const [name, fake] of quantized) fake.backward(gradients.get(name)!, current.get(name)!, partial.get(name)!);
      for (const name of parameters.keys()) if (gradients.has(name)) slopes.set(name, gradients.get(name)!);
      return slopes;
    },
    extraBits: [...quantized.values()].reduce((sum, { extraBits }) => sum + extraBits, 0),
  };
}
