import { live, reads } from "../graph/graph.ts";
import { peakBytes, size, type Value } from "../graph/index.ts";
import { WAITING_BYTES } from "../storage/waiting.ts";
import { type BuildModel, batchOf, modelStages } from "./buildModel.ts";
import { KEPT_STAGES, SESSION_BYTES } from "./stageSessions.ts";

/**
 * Bytes that a walk holds beside the weights, at its worst: what waits in memory, the buffers and the run of one stage, and its
 * constants, which the graph, its encoding and the session each have. With `drift` the reference walks beside.
 */
export function walkBytes(
  model: BuildModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  layers: readonly string[],
  { count, context, drift }: { count: number; context: number; drift: boolean },
): number {
  const batch = batchOf(count, context);
  const stages = modelStages(model, shapes, layers, batch, context);
  const bytesOf = (values: Iterable<Value>) => [...values].reduce((sum, { shape }) => sum + 4 * size(shape), 0);
  // Places of one length are used again; those of another are not.
  const places = new Map<number, number>();
  let run = 0;
  for (const { carried, made, kept, graph } of stages) {
    const held = [...made.values(), ...[...carried].filter(([key]) => kept.includes(key)).map(([, value]) => value)];
    const lengths = held.map(({ shape }) => size(shape) / batch);
    for (const length of lengths)
      places.set(length, Math.max(places.get(length) ?? 0, count * lengths.filter((each) => each === length).length));
    const read = new Set(live(graph).flatMap(reads));
    const constants = graph.constants.reduce(
      (sum, { value, data }) => sum + (read.has(value.name) ? data.byteLength : 0),
      0,
    );
    run = Math.max(run, peakBytes(graph) + bytesOf(carried.values()) + 3 * constants);
  }
  const wait = [...places].reduce((sum, [length, number]) => sum + 4 * length * number, 0) * (drift ? 2 : 1);
  const open = stages.length <= KEPT_STAGES ? stages.length : 1;
  return Math.min(wait, WAITING_BYTES) + run + open * (drift ? 2 : 1) * SESSION_BYTES;
}
