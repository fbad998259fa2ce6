import type { SessionOptions } from "../engine/session.ts";
import { createGraph, type Graph, input, type Value } from "../graph/index.ts";
import { sitesOf } from "./site.ts";
import { cutStages, type Stage } from "./stages.ts";

/** What a builder of graphs asks a model for on its way. */
export interface BuildHooks {
  /** A model that rounds the inputs of its layers tells each as it is before that. */
  see?(layer: string, input: Value): void;
  /** Given the hidden states after a block, returns what goes on. */
  block?(layer: number, hidden: Value): Value;
}

/** A model as a graph: logits of `tokens` [batch·time] with the weights that `weight(name)` names. */
export type BuildModel = (
  graph: Graph,
  weight: (name: string) => Value,
  tokens: Value,
  batch: number,
  hooks: BuildHooks,
) => Value;

/** Calibration tokens, row-major [count, context]: independent windows. */
export interface CalibrationWindows {
  readonly windows: Int32Array;
  readonly count: number;
  readonly context: number;
}

/** A model by tensor name. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** Tokens of one run, as in evaluation: enough to fill the matrix products. */
const CALIBRATION_TOKENS_PER_RUN = 2048;
/** Windows of one run. */
export function batchOf(count: number, context: number): number {
  return Math.max(1, Math.min(count, Math.floor(CALIBRATION_TOKENS_PER_RUN / context)));
}

/** As many windows, of which the text holds a whole number of times. */
export function runOf(count: number, context: number): number {
  let batch = batchOf(count, context);
  while (count % batch !== 0) batch--;
  return batch;
}

/** A model cut where the inputs of its layers are, for runs of `batch` windows. */
export function modelStages(
  build: BuildModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  layers: readonly string[],
  batch: number,
  context: number,
  device?: SessionOptions["device"],
): Stage[] {
  const graph = createGraph(device);
  const tokens = input(graph, "tokens", "int64", [batch * context]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const unrounded = new Map<string, Value>();
  build(graph, (name) => values.get(name)!, tokens, batch, { see: (layer, x) => unrounded.set(layer, x) });
  return cutStages(graph, tokens, sitesOf(graph, layers, unrounded));
}
