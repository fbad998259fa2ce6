import { type Graph, node } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { show, type Value } from "../value.ts";
import { sumTo } from "./reduce.ts";
import { transpose } from "./shape.ts";

type None = Record<never, never>;

function gemm(graph: Graph, a: Value, b: Value, transA: number, transB: number): Value {
  const shape = [a.shape[transA ? 1 : 0]!, b.shape[transB ? 0 : 1]!];
  return node(graph, "Gemm", [a, b], shape, { attributes: { transA, transB } });
}

/** Linear layer without bias: x [n,in] and weight [out,in], as checkpoints store it, to [n,out]. */
const linearOp: Op<None, null> = {
  name: "Linear",
  forward(graph, [x, w]) {
    if (x!.shape.length !== 2 || w!.shape.length !== 2 || x!.shape[1] !== w!.shape[1]) {
      throw new Error(`internal: Linear of ${show(x!)} with ${show(w!)}`);
    }
    return { output: gemm(graph, x!, w!, 0, 1), saved: null };
  },
  vjp: (graph, { grad, inputs: [x, w] }) => [gemm(graph, grad, w!, 0, 0), gemm(graph, grad, x!, 1, 0)],
  samples: [
    {
      inputs: [
        [3, 4],
        [2, 4],
      ],
      attributes: {},
    },
  ],
};

/** Batched matrix product [...,m,k] × [...,k,n], broadcasting the leading dimensions. */
const matmulOp: Op<None, null> = {
  name: "MatMul",
  forward(graph, [a, b]) {
    const [m, k] = a!.shape.slice(-2);
    const [k2, n] = b!.shape.slice(-2);
    if (k !== k2 || a!.shape.length !== b!.shape.length)
      throw new Error(`internal: MatMul of ${show(a!)} and ${show(b!)}`);
    const lead = a!.shape.slice(0, -2).map((d, i) => Math.max(d, b!.shape[i]!));
    return { output: node(graph, "MatMul", [a!, b!], [...lead, m!, n!]), saved: null };
  },
  vjp(graph, { grad, inputs: [a, b] }) {
    const da = matmul(graph, grad, swapLast(graph, b!));
    const db = matmul(graph, swapLast(graph, a!), grad);
    return [sumTo(graph, da, a!.shape), sumTo(graph, db, b!.shape)];
  },
  samples: [
    {
      inputs: [
        [2, 3],
        [3, 2],
      ],
      attributes: {},
    },
    {
      inputs: [
        [2, 2, 3],
        [2, 3, 2],
      ],
      attributes: {},
    },
    {
      inputs: [
        [1, 2, 3],
        [2, 3, 2],
      ],
      attributes: {},
    },
  ],
};

/** Transposes the last two dimensions; onnxruntime fuses it into the product. */
export function swapLast(graph: Graph, x: Value): Value {
  const order = x.shape.map((_, i) => i);
  const n = order.length;
  [order[n - 2], order[n - 1]] = [n - 1, n - 2];
  return transpose(graph, x, order);
}

export const linear = (graph: Graph, x: Value, weight: Value) => apply(graph, linearOp, [x, weight], {});
export const matmul = (graph: Graph, a: Value, b: Value) => apply(graph, matmulOp, [a, b], {});

export const matmulOps: [Op<None, null>, Op<None, null>] = [linearOp, matmulOp];
