import { createGradientSession } from "../engine/gradientSession.ts";
import type { SessionOptions } from "../engine/session.ts";
import { createGraph, crossEntropy, input, meanAll } from "../graph/index.ts";
import type { BuildModel, CalibrationWindows, Weights } from "./buildModel.ts";

/** Longest sample: the activations of all layers are kept for its gradient. SqueezeLLM's code takes 512 tokens too. */
const SAMPLE_TOKENS = 512;

/**
 * The diagonal of the empirical Fisher information (Kim et al. 2023, SqueezeLLM, §4.1): for each weight of the named
 * layers the mean over samples of the squared gradient of the sample's loss, its mean nats a token. A sample is a window
 * of the calibration text, or each 512 tokens of a longer one.
 */
export async function diagonalFisher(
  model: BuildModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  layers: readonly string[],
  weights: Weights,
  { windows, count, context }: CalibrationWindows,
  options: SessionOptions,
): Promise<Map<string, Float32Array>> {
  const length = Math.min(context, SAMPLE_TOKENS);
  const time = length - 1;
  const graph = createGraph(options.device);
  const tokens = input(graph, "tokens", "int64", [time]);
  const labels = input(graph, "labels", "int64", [time]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const logits = model(graph, (name) => values.get(name)!, tokens, 1, {});
  const loss = meanAll(graph, crossEntropy(graph, logits, labels));
  const parameters = layers.map((name) => values.get(name)!);
  const session = await createGradientSession(graph, loss, {}, parameters, options);
  const feeds = Object.fromEntries([...shapes].map(([name, shape]) => [name, { data: weights.get(name)!, shape }]));
  const sums = new Map(layers.map((name) => [name, new Float32Array(weights.get(name)!.length)]));
  const perWindow = Math.floor(context / length);
  const samples = count * perWindow;
  try {
    for (let sample = 0; sample < samples; sample++) {
      const from = Math.floor(sample / perWindow) * context + (sample % perWindow) * length;
      const ids = (start: number) => ({
        data: BigInt64Array.from(windows.subarray(start, start + time), BigInt),
        shape: [time],
      });
      await session.run({ ...feeds, tokens: ids(from), labels: ids(from + 1) });
      for (const [name, gradient] of session.gradients) {
        const sum = sums.get(name)!;
        for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]! ** 2 / samples;
      }
    }
  } finally {
    await session.release();
  }
  return sums;
}
