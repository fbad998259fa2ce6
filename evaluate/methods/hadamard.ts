import { UserError } from "../../formats/index.ts";
import { hadamardRotation, type Rotation } from "../hadamard/index.ts";
import { formatGrid } from "./grid.ts";
import { roundToNearest } from "./nearest.ts";
import type { Layer, RotationPart } from "./part.ts";

/**
 * Rotates the inputs of each layer by a randomized Hadamard matrix as the model runs, and the weights with them, which
 * changes no output: it spreads outliers over the channels. QuaRot's online rotation (Ashkboos et al. 2024, §4), here
 * before every linear layer; `block` of the scale's group is MR-GPTQ's (Egiazarian et al. 2025). `select` keeps a site as
 * it is where rotated weights round worse, the choice of RoSTE (Wei et al. 2025, §4.2) for weights.
 */
export const hadamard: RotationPart = {
  slot: "rotation",
  id: "hadamard",
  summary: "rotate inputs and weights by a random Hadamard matrix, which spreads outliers",
  calibration: "none",
  options: {
    block: { default: 0, help: "channels rotated together; 0 is as many as have a Hadamard matrix" },
    seed: { default: 0, help: "of the random signs" },
    select: { default: null, help: "only where rotated weights round better" },
  },
  act: (given) => (layers) => {
    const { name, cols } = layers[0]!.matrix;
    const [block, seed] = [Number(given.block ?? 0), Number(given.seed ?? 0)];
    const rotation = hadamardRotation(cols, seed, block || undefined);
    if (!rotation) {
      throw new UserError(`hadamard: no Hadamard matrix of ${block} channels tiles the ${cols} inputs of ${name}`);
    }
    return given.select && !helps(layers, rotation) ? null : rotation;
  },
};

/** Whether the weights that share the input lose less, in sum of squares, when rounded rotated. */
function helps(layers: readonly Layer[], rotation: Rotation): boolean {
  let [plain, rotated] = [0, 0];
  for (const layer of layers) {
    const weights = rotation.apply(layer.weights.slice());
    plain += lossOf(layer);
    rotated += lossOf({ ...layer, weights, grid: formatGrid({ ...layer, weights }) });
  }
  return rotated < plain;
}

function lossOf(layer: Layer): number {
  return roundToNearest(layer).reduce((sum, w, i) => sum + (w - layer.weights[i]!) ** 2, 0);
}
