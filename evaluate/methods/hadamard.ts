import { UserError } from "../../formats/index.ts";
import { hadamardRotation, losesLess, type RoundedValues } from "../hadamard/index.ts";
import { formatGrid } from "./grid.ts";
import { roundToNearest } from "./nearest.ts";
import type { Layer, RotationPart } from "./part.ts";

/**
 * Rotates the inputs of each layer by a randomized Hadamard matrix as the model runs, and the weights with them, which
 * changes no output: it spreads outliers over the channels. QuaRot's online rotation (Ashkboos et al. 2024, §4), here
 * before every linear layer; `block` of the scale's group is MR-GPTQ's (Egiazarian et al. 2025). `select` keeps a site as
 * it is where turned weights and inputs round worse: RoSTE's choice.
 */
export const hadamard: RotationPart = {
  slot: "rotation",
  id: "hadamard",
  summary: "rotate inputs and weights by a random Hadamard matrix, which spreads outliers",
  calibration: "none",
  options: {
    block: { default: 0, help: "channels rotated together; 0 is as many as have a Hadamard matrix" },
    seed: { default: 0, help: "of the random signs" },
    select: { default: null, help: "only where what it turns rounds better" },
  },
  asks: ({ select }) => select === true,
  act: (given) => (layers, inputs) => {
    const { name, cols } = layers[0]!.matrix;
    const [block, seed] = [Number(given.block ?? 0), Number(given.seed ?? 0)];
    const rotation = hadamardRotation(cols, seed, block || undefined);
    if (!rotation) {
      throw new UserError(`hadamard: no Hadamard matrix of ${block} channels tiles the ${cols} inputs of ${name}`);
    }
    const share = layers.length;
    const all = [...layers.map(weightsOf), ...(inputs ? [{ ...inputs, share: share * inputs.share }] : [])];
    return given.select && !losesLess(rotation, all) ? null : rotation;
  },
};

function weightsOf(layer: Layer): RoundedValues {
  return {
    values: layer.weights,
    share: 1,
    lossOf(weights) {
      const rounded = roundToNearest({ ...layer, weights, grid: formatGrid({ ...layer, weights }) });
      return rounded.reduce((sum, w, i) => sum + (w - weights[i]!) ** 2, 0);
    },
  };
}
