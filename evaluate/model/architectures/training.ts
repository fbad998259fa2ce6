import { createTrainer, type Trainer, type TrainerOptions, type TrainerState } from "../../engine/trainer.ts";
import { createGraph, crossEntropy, input, meanAll, type Value } from "../../graph/index.ts";
import type { ModelConfig } from "./architecture.ts";
import { modelLogits } from "./index.ts";

/**
 * A trainer of next-token cross-entropy for a model: feeds are int64 `tokens` and `labels`, both [batch·time].
 * `shapes` gives the shape of every tensor; tied embeddings are one parameter.
 */
export async function createModelTrainer(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  weights: ReadonlyMap<string, Float32Array>,
  { batch, time, ...options }: TrainerOptions & { batch: number; time: number },
  resume?: TrainerState,
): Promise<Trainer> {
  const graph = createGraph(options.device);
  const parameters = new Map<string, Value>();
  for (const [name, shape] of shapes) parameters.set(name, input(graph, name, "float32", shape));
  const tokens = input(graph, "tokens", "int64", [batch * time]);
  const labels = input(graph, "labels", "int64", [batch * time]);
  const logits = modelLogits({ graph, tokens, batch, weight: (name) => parameters.get(name)! }, config);
  const loss = meanAll(graph, crossEntropy(graph, logits, labels));
  return createTrainer(graph, loss, [...parameters.values()], weights, options, resume);
}
