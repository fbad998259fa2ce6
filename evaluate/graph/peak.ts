import { type Graph, live, reads } from "./graph.ts";
import { type ElementType, size } from "./value.ts";

const BYTES: Record<ElementType, number> = { float32: 4, int32: 4, int64: 8, bool: 1, float64: 8 };

/**
 * Bytes of all intermediate values that are alive at once, at the worst moment of a run: each from its node to the last
 * node that reads it. Inputs and constants are not counted, nor what a provider's allocator wastes.
 */
export function peakBytes(graph: Graph): number {
  const nodes = live(graph);
  const last = new Map<string, number>();
  for (const [i, each] of nodes.entries()) for (const name of reads(each)) last.set(name, i);
  const dying = new Map<number, number>();
  let alive = 0;
  let peak = 0;
  for (const [i, { outputs }] of nodes.entries()) {
    for (const { name, type, shape } of outputs) {
      const bytes = BYTES[type] * size(shape);
      const end = last.get(name) ?? nodes.length;
      alive += bytes;
      dying.set(end, (dying.get(end) ?? 0) + bytes);
    }
    peak = Math.max(peak, alive);
    alive -= dying.get(i) ?? 0;
  }
  return peak;
}
