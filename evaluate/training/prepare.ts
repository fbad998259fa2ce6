import { type Format, fakeQuantize, UserError } from "../../formats/index.ts";
import { type Calibrator, createCalibrator } from "../calibration/index.ts";
import type { SessionOptions } from "../engine/session.ts";
import { createGraph, endsOf, input } from "../graph/index.ts";
import { hadamardRotation, type Rotation } from "../hadamard/index.ts";
import { modelLogits } from "../model/architectures/index.ts";
import { isUnsigned } from "../model/architectures/runningFormats.ts";
import { clipAsymmetrically } from "./asymmetricClip.ts";
import type { TokenWindows } from "./batches.ts";
import type { Recipe } from "./recipe.ts";
import type { RetrainedModel } from "./retrain.ts";
import type { InputTransforms } from "./student.ts";
import type { Matrix } from "./weights/index.ts";
import { plainKernel } from "./weights/learnedGrid.ts";

/** Where a student begins. */
export interface Prepared extends InputTransforms {
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Windows that the clipping of BitDistiller looks at, its calibration set. */
const CLIP_WINDOWS = 128;
/** Windows by which rotations and ranges are chosen: one batch. */
const BATCH_WINDOWS = 8;
/** Of each batch, the tokens whose rounding decides on a rotation, as in RoSTE. */
const ROTATION_TOKENS = 128;

/** What a recipe does to a model before it trains it: clips weights, chooses rotations, begins learned ranges. */
export async function prepare(
  model: RetrainedModel,
  format: Format,
  recipe: Recipe,
  activation: Format | null,
  data: TokenWindows,
  seed: number,
  engine: SessionOptions,
): Promise<Prepared> {
  const on = <T>(windows: number, act: (calibrator: Calibrator) => Promise<T>) =>
    withCalibrator(model, data, Math.min(data.count, windows), engine, act);
  const clips = recipe.start === "asymmetric-clip";
  const weights = clips ? await on(CLIP_WINDOWS, (each) => clipped(model, format, each)) : model.weights;
  const { rotation } = recipe;
  const rotations =
    rotation === "all"
      ? new Map(model.linears.map((matrix) => [matrix.name, rotationOf(matrix, seed)]))
      : rotation === "select"
        ? await on(BATCH_WINDOWS, (each) => selected(model, format, activation, seed, each))
        : new Map<string, Rotation>();
  const learns = recipe.activationRange === "learned" && activation;
  const ranges = learns
    ? await on(BATCH_WINDOWS, (each) => ranged(model, format, activation, each))
    : new Map<string, number>();
  return { weights, rotations, ranges };
}

async function withCalibrator<T>(
  { config, shapes, linears }: RetrainedModel,
  { windows, context }: TokenWindows,
  count: number,
  engine: SessionOptions,
  act: (calibrator: Calibrator) => Promise<T>,
): Promise<T> {
  const calibrator = createCalibrator(
    (graph, weight, tokens, batch) => modelLogits({ graph, tokens, batch, weight }, config),
    shapes,
    linears.map(({ name }) => name),
    { windows: windows.subarray(0, count * context), count, context, ...engine },
  );
  try {
    return await act(calibrator);
  } finally {
    await calibrator.release();
  }
}

/** The weights as BitDistiller clamps them, each layer by the inputs that the full-precision model has there. */
async function clipped(
  { linears, weights }: RetrainedModel,
  format: Format,
  calibrator: Calibrator,
): Promise<Map<string, Float32Array>> {
  const start = new Map(weights);
  for (const { name } of linears) start.set(name, weights.get(name)!.slice());
  const byName = new Map(linears.map((matrix) => [matrix.name, matrix]));
  await calibrator.walk(new Map(weights), (names, moments) => {
    for (const name of names) clipAsymmetrically(start.get(name)!, byName.get(name)!, format, moments);
  });
  return start;
}

function rotationOf({ name, cols }: Matrix, seed: number): Rotation {
  const rotation = hadamardRotation(cols, seed);
  if (!rotation)
    throw new UserError(`no Hadamard matrix tiles the ${cols} inputs of ${name}, which the recipe rotates`);
  return rotation;
}

/**
 * Rotations of the layers whose weights and inputs together lose less by rounding when turned: ‖Q(W R) − W R‖² and, a token, the
 * mean of ‖Q(x R) − x R‖² (Wei et al. 2025, §4.2). Layers that share an input share the choice: it is turned once.
 */
async function selected(
  { linears, weights }: RetrainedModel,
  format: Format,
  activation: Format | null,
  seed: number,
  calibrator: Calibrator,
): Promise<Map<string, Rotation>> {
  const byName = new Map(linears.map((matrix) => [matrix.name, matrix]));
  const chosen = new Map<string, Rotation>();
  await calibrator.walk(new Map(weights), (names, _moments, { batches }) => {
    const layers = names.map((name) => byName.get(name)!);
    const { cols } = layers[0]!;
    const rotation = hadamardRotation(cols, seed);
    if (!rotation) return;
    const [first] = batches;
    const inputs = first!.subarray(0, ROTATION_TOKENS * cols);
    const lossOf = (turn: (values: Float32Array) => Float32Array) => {
      const lost = layers.map((layer) => {
        const turned = turn(weights.get(layer.name)!.slice());
        return fakeQuantize(turned, layer.rows, cols, format, turned, { name: layer.name }).sumSquaredError;
      });
      const perToken = activation ? tokenError(turn(inputs.slice()), cols, activation) : 0;
      return lost.reduce((a, b) => a + b, 0) + layers.length * perToken;
    };
    if (lossOf((values) => rotation.apply(values)) < lossOf((values) => values))
      for (const name of names) chosen.set(name, rotation);
  });
  return chosen;
}

/** Mean over tokens of what rounding each by itself changes, in squares. */
function tokenError(x: Float32Array, cols: number, format: Format): number {
  let sum = 0;
  for (let at = 0; at < x.length; at += cols) {
    const token = x.subarray(at, at + cols);
    sum += fakeQuantize(token, 1, cols, format, token, { oversizeGroup: "row" }).sumSquaredError;
  }
  return sum / (x.length / cols);
}

/** Where learned ranges begin (Liu et al., ACL 2023): 2·mean|x|/√(largest level) of the first batch, twice that of unsigned inputs. */
async function ranged(
  { config, shapes, linears, weights }: RetrainedModel,
  format: Format,
  activation: Format,
  calibrator: Calibrator,
): Promise<Map<string, number>> {
  const { levels } = plainKernel(activation).book;
  const unsigned = unsignedInputs({ config, shapes });
  const rounded = new Map(weights);
  for (const { name, rows, cols } of linears) {
    const own = new Float32Array(rows * cols);
    fakeQuantize(weights.get(name)!, rows, cols, format, own, { name });
    rounded.set(name, own);
  }
  const ranges = new Map<string, number>();
  await calibrator.walk(rounded, (names, { absMean }) => {
    const mean = absMean.reduce((a, b) => a + b, 0) / absMean.length;
    for (const name of names) {
      const [, high] = endsOf(levels, unsigned.has(name));
      // A layer that is given zeros alone rounds them to zero at any range.
      ranges.set(name, mean === 0 ? 1 : ((unsigned.has(name) ? 4 : 2) * mean) / Math.sqrt(high));
    }
  });
  return ranges;
}

/** The layers whose inputs are never below zero. */
function unsignedInputs({ config, shapes }: Pick<RetrainedModel, "config" | "shapes">): Set<string> {
  const graph = createGraph();
  const found = new Set<string>();
  const tokens = input(graph, "tokens", "int64", [1]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const linearInput = (name: string, x: Parameters<typeof isUnsigned>[1]) => {
    if (isUnsigned(graph, x)) found.add(name);
    return x;
  };
  modelLogits({ graph, tokens, batch: 1, weight: (name) => values.get(name)!, linearInput }, config);
  return found;
}
