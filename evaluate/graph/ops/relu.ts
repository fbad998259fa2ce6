import { type Graph, node, scalar } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import type { Value } from "../value.ts";

/** max(x, 0); its gradient at 0 is 0, as torch's. */
const reluOp: Op<Record<never, never>, null> = {
  name: "Relu",
  forward: (graph, [x]) => ({ output: node(graph, "Relu", [x!], x!.shape), saved: null }),
  vjp(graph, { grad, output: y }) {
    const zero = scalar(graph, 0, y.type);
    const positive = node(graph, "Greater", [y, zero], y.shape, { type: "bool" });
    return [node(graph, "Where", [positive, grad, zero], y.shape, { type: y.type })];
  },
  samples: [{ inputs: [[2, 3]], attributes: {} }],
};

export const relu = (graph: Graph, x: Value) => apply(graph, reluOp, [x], {});

export const reluOps = [reluOp];
