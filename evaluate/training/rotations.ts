import { type Format, fakeQuantize, UserError } from "../../formats/index.ts";
import type { Calibrator } from "../calibration/index.ts";
import { hadamardRotation, type Rotation } from "../hadamard/index.ts";
import type { RetrainedModel } from "./retrain.ts";
import type { Matrix } from "./weights/index.ts";

/** Of each batch, the tokens whose rounding decides on a rotation, as in RoSTE. */
const ROTATION_TOKENS = 128;

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

/**
 * Rotations of the layers whose weights and inputs together lose less by rounding when turned: ‖Q(W R) − W R‖² and, a token, the
 * mean of ‖Q(x R) − x R‖² (Wei et al. 2025, §4.2). Layers that share an input share the choice: it is turned once.
 */
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
