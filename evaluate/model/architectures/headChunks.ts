/** @file Attention a few heads at a time: the scores of all heads and pairs of positions are the largest values of a run. */
import { causalAttention, concat, slice, type Value } from "../../graph/index.ts";
import type { ModelGraph } from "./architecture.ts";

/** Scores that are in memory at once, as long as one key head's are fewer: enough for the matrix products. */
const SCORE_BYTES = 64 * 1024 * 1024;

/** The hook `attention` of a graph that keeps nothing for gradients: the numbers of `causalAttention`, some key heads after others. */
export function attentionInChunks(
  { graph }: Pick<ModelGraph, "graph">,
  mostBytes = SCORE_BYTES,
): NonNullable<ModelGraph["attention"]> {
  return (_layer, [q, k, v], options) => {
    const [batch, heads, rows] = q.shape as [number, number, number];
    const time = k.shape[2]!;
    const atOnce = Math.max(1, Math.floor(mostBytes / (4 * batch * rows * time)));
    if (atOnce >= heads) return causalAttention(graph, q, k, v, options);
    const parts: Value[] = [];
    for (let from = 0; from < heads; from += atOnce) {
      const to = Math.min(from + atOnce, heads);
      const part = (x: Value) => slice(graph, x, 1, from, to);
      const queries = rows / time;
      const slopes = options.slopes && { slopes: options.slopes.slice(from * queries, to * queries) };
      parts.push(causalAttention(graph, part(q), part(k), part(v), { ...options, ...slopes }));
    }
    return concat(graph, parts, 1);
  };
}
