import { type Graph, input, type Value } from "../graph/index.ts";
import type { ModelConfig } from "../model/architectures/architecture.ts";
import { attentionInChunks } from "../model/architectures/headChunks.ts";
import { modelLogits } from "../model/architectures/index.ts";
import { type RunningFormats, roundingHooks } from "../model/architectures/runningFormats.ts";

/** A model in a graph up to its last hidden states [tokens, width], and what makes logits of rows of such. */
export interface Headless {
  readonly hidden: Value;
  logitsOf(rows: Value): Value;
}

/** What tells a model's graph: its weights' shapes then hold `inputShapes` of the running formats too. */
export type ModelOf = readonly [
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  running: RunningFormats | undefined,
];

/** The graph's inputs are the weights by name behind `prefix`. */
export function headless(
  graph: Graph,
  tokens: Value,
  batch: number,
  [config, shapes, running]: ModelOf,
  prefix = "",
): Headless {
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, prefix + name, "float32", shape)]));
  let logitsOf: ((rows: Value) => Value) | undefined;
  const head = (hidden: Value, of: (rows: Value) => Value) => {
    logitsOf = of;
    return hidden;
  };
  const weight = (name: string) => values.get(name)!;
  const model = { graph, tokens, batch, weight, head, attention: attentionInChunks({ graph }) };
  const hidden = modelLogits({ ...model, ...(running ? roundingHooks(model, running) : {}) }, config);
  return { hidden, logitsOf: logitsOf! };
}
