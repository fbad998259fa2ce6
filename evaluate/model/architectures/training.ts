import { createTrainer, type Trainer, type TrainerOptions, type TrainerState } from "../../engine/trainer.ts";
import { createGraph, crossEntropy, type Graph, input, meanAll, type Provider, type Value } from "../../graph/index.ts";
import type { ModelConfig } from "./architecture.ts";
import { modelLogits } from "./index.ts";

export interface LossGraph {
  readonly graph: Graph;
  /** Mean next-token cross-entropy of int64 `tokens` and `labels`, both [batch·time]. */
  readonly loss: Value;
  /** Every tensor by name; tied embeddings are one parameter. */
  readonly parameters: ReadonlyMap<string, Value>;
}

/** The loss of a model as a graph for a device. `through` may stand something else in a tensor's place: it rounded. */
export function lossGraph(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  { batch, time, device }: { batch: number; time: number; device?: Provider | undefined },
  through: (graph: Graph, name: string, value: Value) => Value = (_, __, value) => value,
): LossGraph {
  const graph = createGraph(device);
  const parameters = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const tokens = input(graph, "tokens", "int64", [batch * time]);
  const labels = input(graph, "labels", "int64", [batch * time]);
  const weight = (name: string) => through(graph, name, parameters.get(name)!);
  const logits = modelLogits({ graph, tokens, batch, weight }, config);
  return { graph, loss: meanAll(graph, crossEntropy(graph, logits, labels)), parameters };
}

/** A trainer of next-token cross-entropy for a model: feeds are `tokens` and `labels` of `lossGraph`. */
export async function createModelTrainer(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  weights: ReadonlyMap<string, Float32Array>,
  { batch, time, ...options }: TrainerOptions & { batch: number; time: number },
  resume?: TrainerState,
): Promise<Trainer> {
  const { graph, loss, parameters } = lossGraph(config, shapes, { batch, time, device: options.device });
  return createTrainer(graph, loss, [...parameters.values()], weights, options, resume);
}
