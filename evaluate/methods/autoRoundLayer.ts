import { groupsOf } from "./grid.ts";
import { neighbours } from "./neighbours.ts";
import type { Layer, Rounded, RoundingPart } from "./part.ts";

const ITERATIONS = 200;

/** The two levels about each weight, and where the weight lies between them: 0 at the nearest, up to ½. */
interface Neighbours {
  readonly nearest: Float32Array;
  readonly other: Float32Array;
  readonly position: Float32Array;
}

/**
 * AutoRound (Cheng et al. 2024) layer by layer, from moments alone: a weight goes to the other of its two neighbouring levels where its position
 * between them plus V exceeds ½. V ∈ [−½, ½] follows the sign of the gradient of the output error ‖(Ŵ − W) X‖², taken
 * straight through the rounding, with a rate that falls linearly from 1/iterations. Output rows are independent, so the
 * best iterate is kept for each row; the first is rounding to nearest, which it therefore never loses to.
 */
async function roundLayer(layer: Layer, iterations: number): Promise<Rounded> {
  const { matrix, weights, moments, products } = layer;
  const { rows, cols } = matrix;
  const gram = new Float32Array(moments!.gram);
  const { nearest, other, position } = neighboursOf(layer);
  const shift = new Float32Array(weights.length);
  const current = nearest.slice();
  const [best, least] = [nearest.slice(), new Float64Array(rows).fill(Number.POSITIVE_INFINITY)];
  const error = new Float32Array(weights.length);
  for (let step = 0; step <= iterations; step++) {
    for (let i = 0; i < error.length; i++) error[i] = current[i]! - weights[i]!;
    const gradient = await products.multiply(error, gram, rows, cols, cols);
    for (let row = 0; row < rows; row++) {
      const [from, to] = [row * cols, (row + 1) * cols];
      let loss = 0;
      for (let i = from; i < to; i++) loss += error[i]! * gradient[i]!;
      if (!(loss < least[row]!)) continue;
      least[row] = loss;
      best.set(current.subarray(from, to), from);
    }
    const rate = (1 - step / iterations) / iterations;
    for (let i = 0; i < shift.length; i++) {
      // V counts towards the other level, which may lie above or below.
      const towards = Math.sign(other[i]! - nearest[i]!) * Math.sign(gradient[i]!);
      shift[i] = Math.min(0.5, Math.max(-0.5, shift[i]! - rate * towards));
      current[i] = position[i]! + shift[i]! > 0.5 ? other[i]! : nearest[i]!;
    }
  }
  return { weights: best };
}

function neighboursOf({ matrix, format, weights, grid }: Layer): Neighbours {
  const nearest = new Float32Array(weights.length);
  const other = new Float32Array(weights.length);
  const position = new Float32Array(weights.length);
  for (const group of groupsOf({ matrix, format })) {
    const round = grid.fit(weights.subarray(group.from, group.to), group);
    neighbours(round, weights, group.from, group.to, nearest, other);
    for (let i = group.from; i < group.to; i++) {
      const gap = other[i]! - nearest[i]!;
      position[i] = gap === 0 ? 0 : (weights[i]! - nearest[i]!) / gap;
    }
  }
  return { nearest, other, position };
}

export const autoRoundLayer: RoundingPart = {
  slot: "rounding",
  id: "autoround-layer",
  summary: "learn which of its two neighbouring levels each weight goes to, by the output error of its layer",
  calibration: "inputs",
  options: { iterations: { default: ITERATIONS, help: "gradient steps" } },
  act: (given) => (layer) => roundLayer(layer, Math.max(1, Math.floor(Number(given.iterations ?? ITERATIONS)))),
};
