import { balanced } from "./channelScales.ts";
import { outputEnergy } from "./layerLog.ts";
import { roundToNearest } from "./nearest.ts";
import type { Layer, ScalingPart } from "./part.ts";

const STEPS = 20;

/**
 * AWQ (Lin et al. 2023): s_j = (mean|X_j|)^ρ spends the grid's resolution on channels with large inputs; ρ from 0, 1/20 …
 * 19/20 by least output error ‖(Q(W s)/s − W) X‖², summed over the layers that share the input. (AWQ's code takes the
 * output of the whole block instead.) The search rounds to nearest on extremes; what rounds at the end may be another part.
 */
export const awq: ScalingPart = {
  slot: "scaling",
  id: "awq",
  summary: "scale up the weights of channels with large inputs, as far as the output error says",
  calibration: "inputs",
  options: { steps: { default: STEPS, help: "exponents tried" } },
  act: (given) => async (layers) => {
    const steps = typeof given.steps === "number" ? given.steps : STEPS;
    const { absMean } = layers[0]!.moments!;
    let [best, least] = [balanced(absMean.map(() => 1)), Number.POSITIVE_INFINITY];
    for (let i = 0; i < steps; i++) {
      const scales = balanced(absMean.map((x) => x ** (i / steps)));
      let error = 0;
      for (const layer of layers) error += await errorWith(layer, scales);
      if (error < least) [best, least] = [scales, error];
    }
    return best;
  },
};

async function errorWith(layer: Layer, scales: Float64Array): Promise<number> {
  const { matrix, weights, moments, products } = layer;
  const rounded = roundToNearest({ ...layer, weights: weights.map((w, i) => w * scales[i % matrix.cols]!) });
  const change = rounded.map((w, i) => w / scales[i % matrix.cols]! - weights[i]!);
  return outputEnergy(matrix, change, moments!, products);
}
