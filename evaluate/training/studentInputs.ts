import { inputRange, inputScales, inputShapes, type RunningFormats } from "../model/architectures/runningFormats.ts";
import type { TrainingLog } from "./log.ts";
import type { Student } from "./student.ts";
import type { TrainOptions } from "./train.ts";

/** What a student runs in; null at full precision. Learned ranges and rotations are the recipe's. */
export function runningOf({ running, recipe, start }: TrainOptions): RunningFormats | null {
  if (!running?.activation && !running?.cache) return null;
  if (running.activation === null) return running;
  const rotates = start !== undefined && start.rotations.size > 0;
  return { ...running, range: recipe.activationRange ?? running.range, rotates };
}

/** Shapes of what a student's graph is fed beside its weights: rotations and ranges of its layers' inputs. */
export function transformShapes(
  { linears }: TrainOptions,
  running: RunningFormats | null,
): ReadonlyMap<string, readonly number[]> {
  if (!running) return new Map();
  // Factors of input channels are a method's, not a recipe's.
  const factors = new Set(linears.map(({ name }) => inputScales(name)));
  return new Map([...inputShapes(linears, running)].filter(([name]) => !factors.has(name)));
}

/** What became of the layers' inputs, for the log. */
export function inputsLog(
  { recipe, start }: TrainOptions,
  { parameters }: Student,
): Pick<TrainingLog, "rotated" | "inputRanges"> {
  const ranges = [...(start?.ranges.keys() ?? [])].map((layer) => [layer, parameters.get(inputRange(layer))![0]!]);
  return {
    ...(start && recipe.rotation && { rotated: [...start.rotations.keys()] }),
    ...(ranges.length > 0 && { inputRanges: Object.fromEntries(ranges) }),
  };
}
