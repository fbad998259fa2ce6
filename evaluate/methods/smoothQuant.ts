import { balanced, weightMaxima } from "./channelScales.ts";
import type { ScalingPart } from "./part.ts";

const ALPHA = 0.5;

/**
 * SmoothQuant (Xiao et al. 2023): s_j = max|X_j|^α / max|W_j|^(1−α) moves the range of each channel's activations into
 * its weights. With weights alone in few bits it can only hurt; it is for trials that round activations too.
 */
export const smoothQuant: ScalingPart = {
  slot: "scaling",
  id: "smoothquant",
  summary: "move the range of activations into the weights, channel by channel",
  calibration: "inputs",
  options: { alpha: { default: ALPHA, help: "how much of it: 0.5 for OPT, 0.8 to 0.9 for Llama" } },
  act: (given) => (layers) => {
    const alpha = typeof given.alpha === "number" ? given.alpha : ALPHA;
    const { absMax } = layers[0]!.moments!;
    const maxima = weightMaxima(layers);
    return balanced(absMax.map((x, j) => x ** alpha / maxima[j]! ** (1 - alpha)));
  },
};
