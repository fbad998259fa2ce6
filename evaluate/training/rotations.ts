import { type Format, fakeQuantize, UserError } from "../../formats/index.ts";
import type { Calibrator } from "../calibration/index.ts";
import { CHOICE_TOKENS, hadamardRotation, losesLess, type Rotation, type RoundedValues } from "../hadamard/index.ts";
import type { RetrainedModel } from "./retrain.ts";
import type { Matrix } from "./weights/index.ts";

/** A rotation of every layer. Throws UserError, naming the layer, where no Hadamard matrix tiles its inputs. */
export function allRotations(linears: readonly Matrix[], seed: number): Map<string, Rotation> {
  return new Map(linears.map((matrix) => [matrix.name, rotationOf(matrix, seed)]));
}

function rotationOf({ name, cols }: Matrix, seed: number): Rotation {
  const rotation = hadamardRotation(cols, seed);
  if (!rotation)
    throw new UserError(`no Hadamard matrix tiles the ${cols} inputs of ${name}, which the recipe rotates`);
  return rotation;
}

/** Rotations of the layers that lose less by rounding when turned. Layers that share an input share the choice: it is turned once. */
export async function chosenRotations(
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
    const all: RoundedValues[] = layers.map(({ name, rows }) => ({
      values: weights.get(name)!,
      share: 1,
      lossOf: (turned) => fakeQuantize(turned, rows, cols, format, turned, { name }).sumSquaredError,
    }));
    if (activation) {
      const [first] = batches;
      const values = first!.subarray(0, CHOICE_TOKENS * cols);
      const lossOf = (x: Float32Array) => tokenError(x, cols, activation);
      all.push({ values, share: (layers.length * cols) / values.length, lossOf });
    }
    if (losesLess(rotation, all)) for (const name of names) chosen.set(name, rotation);
  });
  return chosen;
}

/** Sum of squares that rounding each token by itself loses. */
function tokenError(x: Float32Array, cols: number, format: Format): number {
  let sum = 0;
  for (let at = 0; at < x.length; at += cols) {
    const token = x.subarray(at, at + cols);
    sum += fakeQuantize(token, 1, cols, format, token, { oversizeGroup: "row" }).sumSquaredError;
  }
  return sum;
}
