import { type Graph, node } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import type { Value } from "../value.ts";
import { mul, sub } from "./elementwise.ts";
import { sum } from "./reduce.ts";

type None = Record<never, never>;

/** Softmax over the last dimension. */
const softmaxOp: Op<None, null> = {
  name: "Softmax",
  forward: (graph, [x]) => ({
    output: node(graph, "Softmax", [x!], x!.shape, { attributes: { axis: -1 } }),
    saved: null,
  }),
  vjp(graph, { grad, output: y }) {
    const last = [y.shape.length - 1];
    return [mul(graph, y, sub(graph, grad, sum(graph, mul(graph, grad, y), last)))];
  },
  samples: [{ inputs: [[2, 3]], attributes: {} }],
};

/** Log-softmax over the last dimension. */
const logSoftmaxOp: Op<None, null> = {
  name: "LogSoftmax",
  forward: (graph, [x]) => ({
    output: node(graph, "LogSoftmax", [x!], x!.shape, { attributes: { axis: -1 } }),
    saved: null,
  }),
  vjp(graph, { grad, output: y }) {
    const last = [y.shape.length - 1];
    const p = node(graph, "Exp", [y], y.shape);
    return [sub(graph, grad, mul(graph, p, sum(graph, grad, last)))];
  },
  samples: [{ inputs: [[2, 3]], attributes: {} }],
};

export const softmax = (graph: Graph, x: Value) => apply(graph, softmaxOp, [x], {});
export const logSoftmax = (graph: Graph, x: Value) => apply(graph, logSoftmaxOp, [x], {});

export const softmaxOps = [softmaxOp, logSoftmaxOp];
