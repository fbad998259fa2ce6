import type { Format } from "../../formats/index.ts";
import { type Calibrator, createCalibrator } from "../calibration/index.ts";
import type { SessionOptions } from "../engine/session.ts";
import type { Rotation } from "../hadamard/index.ts";
import { modelLogits } from "../model/architectures/index.ts";
import { clipAsymmetrically } from "./asymmetricClip.ts";
import type { TokenWindows } from "./batches.ts";
import { clipStarts } from "./clipStarts.ts";
import { chosenClips } from "./clips.ts";
import { firstRanges } from "./firstRanges.ts";
import type { Recipe } from "./recipe.ts";
import type { RetrainedModel } from "./retrain.ts";
import { allRotations, chosenRotations } from "./rotations.ts";
import type { InputTransforms } from "./student.ts";

/** Where a student begins. */
export interface Prepared extends InputTransforms {
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Windows that the clipping of BitDistiller looks at, its calibration set. */
const CLIP_WINDOWS = 128;
/** Windows by which rotations and ranges are chosen: one batch. */
const BATCH_WINDOWS = 8;

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
  const clamps = recipe.start === "asymmetric-clip";
  const weights = clamps ? await on(CLIP_WINDOWS, (each) => clipped(model, format, each)) : model.weights;
  const { rotation } = recipe;
  const rotations =
    rotation === "all"
      ? allRotations(model.linears, seed)
      : rotation === "select"
        ? await on(BATCH_WINDOWS, (each) => chosenRotations(model, format, activation, seed, each))
        : new Map<string, Rotation>();
  const learns = recipe.activationRange === "learned" && activation;
  const ranges = learns
    ? await on(BATCH_WINDOWS, (each) => firstRanges(model, format, activation, each))
    : new Map<string, number>();
  const clips = recipe.clips && chosenClips({ ...model, weights }, format, recipe.clips, rotations);
  const starts = recipe.start === "output-clip" && (await on(CLIP_WINDOWS, (each) => firstClips(model, format, each)));
  return { weights, rotations, ranges, ...(clips && { clips }), ...(starts && { clipStarts: starts }) };
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

/** Where the clips of each layer's groups begin, by the inputs that the full-precision model has there. */
async function firstClips(
  { linears, weights }: RetrainedModel,
  format: Format,
  calibrator: Calibrator,
): Promise<Map<string, Float32Array>> {
  const starts = new Map<string, Float32Array>();
  const byName = new Map(linears.map((matrix) => [matrix.name, matrix]));
  await calibrator.walk(new Map(weights), (names, moments) => {
    for (const name of names) starts.set(name, clipStarts(weights.get(name)!, byName.get(name)!, format, moments));
  });
  return starts;
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
