import {
  type AttentionOptions,
  causalAttention,
  type Graph,
  matmul,
  mul,
  scalar,
  stopGradient,
  swapLast,
  type Value,
} from "../graph/index.ts";
import type { ModelGraph } from "../model/architectures/architecture.ts";

/** What the blocks of a model hold, one entry a block: what layer losses compare and a teacher lends. */
export interface Taps {
  /** [batch·time, hidden] after each block. */
  readonly hidden: Value[];
  /** Queries and keys of each attention, grouped by key head as `causalAttention` takes them. */
  readonly queries: Value[];
  readonly keys: Value[];
  /** Scores before mask and softmax, [batch, keyHeads, rep·time, time]. */
  readonly scores: Value[];
  /** Probabilities times values: what the output projection multiplies. */
  readonly contexts: Value[];
  /** [batch·time, hidden] of the output projection. */
  readonly outputs: Value[];
}

/**
 * Which signal of the teacher takes the place of the student's (Teacher Intervention, Kim et al., EACL 2023): `oi` the
 * output of the attention block, `ci` its context, `mi` its attention map, which then weighs the student's own values.
 */
export type Intervention = "oi" | "ci" | "mi";

export type Hooks = Pick<ModelGraph, "linearInput" | "linearOutput" | "block" | "attention">;

/** Projections whose input the attention map alone depends on; fused ones (GPT-2, NeoX, BLOOM) make the values too. */
const MAP_ONLY = /\b[qk]_proj\.weight$/;

/**
 * Hooks that record what the blocks of a model hold and, for a student, put a teacher's signal in its place. The student's
 * own scores and outputs are recorded all the same. As in the authors' code, the hidden state that feeds queries and keys
 * (and, for `oi` and `ci`, values) passes no gradient, so that they learn from the scores of their own block alone.
 */
export function tapBlocks(
  graph: Graph,
  teacher: Taps | null,
  inject: Intervention | null,
): { hooks: Hooks; taps: Taps } {
  const taps: Taps = { hidden: [], queries: [], keys: [], scores: [], contexts: [], outputs: [] };
  // Every architecture computes its block in this order.
  let at: "projections" | "output" | "rest" = "projections";
  const detaches = (name: string) =>
    at === "projections" && inject !== null && (inject !== "mi" || MAP_ONLY.test(name));
  const hooks: Hooks = {
    linearInput: (name, x) => (detaches(name) ? stopGradient(graph, x) : x),
    attention(layer, [q, k, v], options) {
      at = "output";
      taps.queries.push(q);
      taps.keys.push(k);
      taps.scores.push(scoresOf(graph, q, k, options));
      const own = () =>
        inject === "mi"
          ? causalAttention(graph, teacher!.queries[layer]!, teacher!.keys[layer]!, v, options)
          : causalAttention(graph, q, k, v, options);
      const context = inject === "ci" ? teacher!.contexts[layer]! : own();
      taps.contexts.push(context);
      return context;
    },
    linearOutput(_name, y) {
      if (at !== "output") return y;
      at = "rest";
      taps.outputs.push(y);
      return inject === "oi" ? teacher!.outputs[taps.outputs.length - 1]! : y;
    },
    block(_layer, hidden) {
      at = "projections";
      taps.hidden.push(hidden);
      return hidden;
    },
  };
  return { hooks, taps };
}

function scoresOf(graph: Graph, q: Value, k: Value, { scale }: AttentionOptions): Value {
  const factor = scalar(graph, scale ?? 1 / Math.sqrt(q.shape[3]!), q.type);
  return matmul(graph, mul(graph, q, factor), swapLast(graph, k));
}
