/** @file Attention a few heads at a time: the scores of all heads and pairs of positions are the largest values of a run. */
import { causalAttention, concat, type Graph, slice, type Value } from "../../graph/index.ts";
import type { ModelGraph } from "./architecture.ts";

/** Scores that are in memory at once, as long as one head's are fewer: enough for the matrix products. */
const SCORE_BYTES = 64 * 1024 * 1024;

/** The hook `attention` of a graph that keeps nothing for gradients: the numbers of `causalAttention`, some heads after others. */
export function attentionInChunks(
  { graph }: Pick<ModelGraph, "graph">,
  mostBytes = SCORE_BYTES,
): NonNullable<ModelGraph["attention"]> {
  return (_layer, [q, k, v], options) => {
    const [batch, heads, rows] = q.shape as [number, number, number];
    const time = k.shape[2]!;
    const queries = rows / time;
    /** Of key heads from … to the query heads from … to, which are rows of q. */
    const part = ([from, to]: Span, [first, last]: Span): Value => {
      const of = (x: Value) => slice(graph, x, 1, from, to);
      const own = queries === last - first ? of(q) : slice(graph, of(q), 2, first * time, last * time);
      const at = from * queries + first;
      const slopes = options.slopes && { slopes: options.slopes.slice(at, at + (to - from) * (last - first)) };
      return causalAttention(graph, own, of(k), of(v), { ...options, ...slopes });
    };
    const most = Math.max(1, Math.floor(mostBytes / (4 * batch * time * time)));
    if (most >= heads * queries) return causalAttention(graph, q, k, v, options);
    const keyHeads = spans(heads, Math.max(1, Math.floor(most / queries)));
    const queryHeads = spans(queries, Math.min(most, queries));
    const of = (keys: Span) =>
      joined(
        graph,
        queryHeads.map((each) => part(keys, each)),
        2,
      );
    return joined(graph, keyHeads.map(of), 1);
  };
}

type Span = readonly [from: number, to: number];

/** 0 … count in spans of at most `size`. */
function spans(count: number, size: number): Span[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => [i * size, Math.min((i + 1) * size, count)]);
}

function joined(graph: Graph, parts: readonly Value[], axis: number): Value {
  return parts.length === 1 ? parts[0]! : concat(graph, parts, axis);
}
