import { constant, type Graph, node, scalar } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { show, type Value } from "../value.ts";

interface Saved {
  probabilities: Value;
  scaled: Value;
}

/** Large enough that exp underflows to 0, small enough not to overflow when added: −inf would give NaN in places. */
const MASKED = -1e9;

/**
 * Causal attention with grouped queries: q [batch,kv,rep·time,d] (the `rep` query heads that share one key head lie
 * one after another), k and v [batch,kv,time,d] → [batch,kv,rep·time,d]. softmax(q·kᵀ/√d + mask)·v.
 * The gradient uses Σ_j dP·P = Σ dO·O per row (Dao 2022, FlashAttention, appendix B.2): rows of d in place of rows of time.
 */
const attentionOp: Op<Record<never, never>, Saved> = {
  name: "CausalAttention",
  forward(graph, [q, k, v]) {
    const [batch, kv, rows, d] = q!.shape;
    const time = k!.shape[2]!;
    if (q!.shape.length !== 4 || rows! % time !== 0 || k!.shape[3] !== d || v!.shape[2] !== time) {
      throw new Error(`internal: CausalAttention of ${show(q!)}, ${show(k!)}, ${show(v!)}`);
    }
    const scaled = node(graph, "Mul", [q!, scalar(graph, 1 / Math.sqrt(d!), q!.type)], q!.shape);
    const scores = product(graph, scaled, k!, [batch!, kv!, rows!, time], true);
    const masked = node(graph, "Add", [scores, mask(graph, rows!, time, q!)], scores.shape);
    const probabilities = node(graph, "Softmax", [masked], scores.shape, { attributes: { axis: -1 } });
    const output = product(graph, probabilities, v!, q!.shape);
    return { output, saved: { probabilities, scaled } };
  },
  vjp(graph, { grad, inputs: [q, k, v], output, saved: { probabilities, scaled } }) {
    const column = [...q!.shape.slice(0, 3), 1];
    const axes = constant(graph, BigInt64Array.of(3n));
    const dotted = node(graph, "Mul", [grad, output], grad.shape);
    const rowSum = node(graph, "ReduceSum", [dotted, axes], column, { attributes: { keepdims: 1 } });
    const dp = product(graph, grad, v!, probabilities.shape, true);
    const centred = node(graph, "Sub", [dp, rowSum], dp.shape);
    const ds = node(graph, "Mul", [probabilities, centred], dp.shape);
    const dScaled = product(graph, ds, k!, q!.shape);
    const dq = node(graph, "Mul", [dScaled, scalar(graph, 1 / Math.sqrt(q!.shape[3]!), q!.type)], q!.shape);
    return [
      dq,
      transposedProduct(graph, ds, scaled, k!.shape),
      transposedProduct(graph, probabilities, grad, v!.shape),
    ];
  },
  samples: [
    {
      inputs: [
        [2, 2, 6, 4],
        [2, 2, 3, 4],
        [2, 2, 3, 4],
      ],
      attributes: {},
    },
  ],
};

function product(graph: Graph, a: Value, b: Value, shape: readonly number[], transB = false): Value {
  return node(graph, "MatMul", [a, transB ? swapped(graph, b) : b], shape);
}

function transposedProduct(graph: Graph, a: Value, b: Value, shape: readonly number[]): Value {
  return node(graph, "MatMul", [swapped(graph, a), b], shape);
}

function swapped(graph: Graph, x: Value): Value {
  const [a, b, m, n] = x.shape;
  return node(graph, "Transpose", [x], [a!, b!, n!, m!], { attributes: { perm: [0, 1, 3, 2] } });
}

function mask(graph: Graph, rows: number, time: number, like: Value): Value {
  const data = like.type === "float64" ? new Float64Array(rows * time) : new Float32Array(rows * time);
  for (let r = 0; r < rows; r++) data.fill(MASKED, r * time + (r % time) + 1, (r + 1) * time);
  return constant(graph, data, [rows, time]);
}

export const causalAttention = (graph: Graph, q: Value, k: Value, v: Value) => apply(graph, attentionOp, [q, k, v], {});

export const attentionOps = [attentionOp];
