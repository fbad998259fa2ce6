import type { Format } from "../../formats/index.ts";
import type { SessionOptions } from "../engine/session.ts";
import type { Rotation } from "../hadamard/index.ts";
import { inputRange, inputRotation } from "../model/architectures/runningFormats.ts";
import { normals } from "../random.ts";
import type { Recipe } from "./recipe.ts";
import { type FakeQuant, fakeQuantOf, lowRankSums, type Matrix, type WeightRule } from "./weights/index.ts";

/** A model in training: what an optimizer updates, and the weights that follow from it. */
export interface Student {
  /** Arrays updated in place: `NAME` of a tensor that stays in full precision, `NAME:scale` and the like of a quantized one. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** What the graph is fed, and what is exported: quantized matrices, the other tensors as they are, and what its inputs are turned by. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Names of the weights whose gradients those of the parameters follow from. */
  readonly trained: ReadonlySet<string>;
  /** Whether `forward` rounds from now on; where that begins anew, learned scales begin at the weights as they are. */
  rounds(on: boolean): void;
  /** Brings `weights` up to date with `parameters`. */
  forward(): Promise<void>;
  /** Gradients of the parameters, given those of the weights, which must be up to date and may be written over. Arrays are kept between calls. */
  backward(gradients: ReadonlyMap<string, Float32Array>): Promise<ReadonlyMap<string, Float32Array>>;
  readonly extraBits: number;
  release(): Promise<void>;
}

/** What the layers of a student do to their inputs before they round them, by layer. */
export interface InputTransforms {
  readonly rotations: ReadonlyMap<string, Rotation>;
  /** Where learned ranges begin; none where each token has ranges of its own. */
  readonly ranges: ReadonlyMap<string, number>;
  /** To which share of their groups' extremes the layers' weights are rounded; all where it has none. */
  readonly clips?: ReadonlyMap<string, number>;
  /** Where learned clips begin, those of a layer's groups; at the same share everywhere where absent. */
  readonly clipStarts?: ReadonlyMap<string, Float32Array>;
}

const NOTHING: InputTransforms = { rotations: new Map(), ranges: new Map() };

/** What makes queries and values; fused projections make the keys too. */
const QUERIES_VALUES = /(?:\b[qv]_proj|query_key_value|c_attn)\.weight$/;
/** Matrices that a recipe does not train are rounded as the format has them. */
const UNTRAINED: WeightRule = { latent: "full", scale: "format", straightThrough: "identity" };

/**
 * The student that begins as `weights`, which are not written to. `format` null trains all in full precision. Random draws
 * of low-rank starts come from the seed.
 */
export function createStudent(
  weights: ReadonlyMap<string, Float32Array>,
  matrices: readonly Matrix[],
  format: Format | null,
  recipe: Pick<Recipe, "weights" | "trains">,
  seed: number,
  { rotations, ranges, clips, clipStarts }: InputTransforms = NOTHING,
  { threads }: Pick<SessionOptions, "threads"> = {},
): Student {
  const normal = normals(seed);
  const quantized = new Map<string, FakeQuant>();
  const parameters = new Map<string, Float32Array>();
  const current = new Map<string, Float32Array>();
  const trained = new Set<string>();
  const byName = new Map(matrices.map((matrix) => [matrix.name, matrix]));
  const trains = (name: string) =>
    recipe.trains === "all" || (byName.has(name) && (recipe.trains === "linears" || QUERIES_VALUES.test(name)));
  for (const [name, data] of weights) {
    const matrix = byName.get(name);
    if (trains(name)) trained.add(name);
    if (matrix && format) {
      const rule = trains(name) ? recipe.weights : UNTRAINED;
      const fake = fakeQuantOf(rule, format, matrix, data, normal, {
        rotation: rotations.get(name),
        clip: clips?.get(name),
        clipStart: clipStarts?.get(name),
      });
      quantized.set(name, fake);
      if (trains(name)) for (const [part, values] of fake.parameters) parameters.set(`${name}:${part}`, values);
      current.set(name, new Float32Array(data.length));
    } else {
      current.set(name, data.slice());
      if (trains(name)) parameters.set(name, current.get(name)!);
    }
  }
  for (const [layer, start] of ranges) {
    const range = Float32Array.of(start);
    current.set(inputRange(layer), range);
    parameters.set(inputRange(layer), range);
    trained.add(inputRange(layer));
  }
  for (const { name, cols } of rotations.size > 0 ? matrices : []) {
    const turn = identity(cols);
    current.set(inputRotation(name), Float32Array.from(rotations.get(name)?.apply(turn) ?? turn));
  }
  const slopes = new Map<string, Float32Array>();
  const moving = [...quantized].filter(([name]) => trained.has(name));
  const partial = new Map(
    moving.map(([name, fake]) => {
      const own = new Map([...fake.parameters].map(([part, values]) => [part, new Float32Array(values.length)]));
      for (const [part, values] of own) slopes.set(`${name}:${part}`, values);
      return [name, own] as const;
    }),
  );
  const added = moving.flatMap(([, { sum }]) => sum ?? []);
  const sums = added.length > 0 ? lowRankSums(added, threads === undefined ? {} : { threads }) : null;
  let [wanted, rounding, stale] = [true, true, true];
  return {
    parameters,
    weights: current,
    trained,
    rounds(on) {
      wanted = on;
    },
    async forward() {
      await sums?.forward();
      if (wanted !== rounding) {
        for (const fake of quantized.values()) fake.rounds(wanted);
        [rounding, stale] = [wanted, true];
      }
      // Matrices that do not train change only where rounding begins or ends.
      for (const [name, fake] of stale ? quantized : moving) fake.forward(current.get(name)!);
      stale = false;
    },
    async backward(gradients) {
      for (const [name, fake] of moving) fake.backward(gradients.get(name)!, current.get(name)!, partial.get(name)!);
      await sums?.backward();
      for (const name of parameters.keys()) if (gradients.has(name)) slopes.set(name, gradients.get(name)!);
      return slopes;
    },
    extraBits: [...quantized.values()].reduce((sum, { extraBits }) => sum + extraBits, 0),
    release: async () => sums?.release(),
  };
}

function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}
