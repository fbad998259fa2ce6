import { constant, type Graph, ints, node } from "../graph.ts";
import type { Value } from "../value.ts";
import { type AttentionOptions, attentionScores } from "./attention.ts";

/** What attention of one new token finds of the tokens before it. */
export interface Past {
  /** [batch, kv, length, d], filled up to the token's position. */
  readonly keys: Value;
  readonly values: Value;
  /** [length]: 0 where the new token sees a past one, very negative elsewhere. */
  readonly mask: Value;
  /** [length]: position of each past token minus that of the new one. */
  readonly distance: Value;
}

/**
 * `causalAttention` of one more token: q [batch,kv,rep,d], its own k and v [batch,kv,1,d], and what is kept of the tokens
 * before → [batch,kv,rep,d]. Without a gradient; windows are in the mask.
 */
export function attentionStep(
  graph: Graph,
  q: Value,
  k: Value,
  v: Value,
  { keys, values, mask, distance }: Past,
  options: AttentionOptions = {},
): Value {
  const [batch, kv, rep] = q.shape as [number, number, number, number];
  const length = keys.shape[2]!;
  const own = attentionScores(graph, q, k, options);
  let before = attentionScores(graph, q, keys, options);
  if (options.slopes) {
    if (options.slopes.length !== kv * rep)
      throw new Error(`internal: ${options.slopes.length} slopes for ${kv * rep} heads`);
    const slopes = constant(graph, Float32Array.from(options.slopes), [kv, rep, 1]);
    const bias = node(graph, "Mul", [slopes, distance], [kv, rep, length]);
    before = node(graph, "Add", [before, bias], before.shape);
  }
  const seen = node(graph, "Add", [before, mask], before.shape);
  const all = node(graph, "Concat", [seen, own], [batch, kv, rep, length + 1], { attributes: { axis: -1 } });
  const softmax = node(graph, "Softmax", [all], all.shape, { attributes: { axis: -1 } });
  const part = (from: number, to: number) =>
    node(
      graph,
      "Slice",
      [softmax, ints(graph, [from]), ints(graph, [to]), ints(graph, [3])],
      [batch, kv, rep, to - from],
    );
  const mixed = node(graph, "MatMul", [part(0, length), values], q.shape);
  return node(graph, "Add", [mixed, node(graph, "MatMul", [part(length, length + 1), v], q.shape)], q.shape);
}
