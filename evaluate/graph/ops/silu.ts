import { type Graph, node, scalar } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import type { Value } from "../value.ts";
import { add, mul, sub } from "./elementwise.ts";

/** SiLU, x · sigmoid(x). */
const siluOp: Op<Record<never, never>, { s: Value }> = {
  name: "Silu",
  forward(graph, [x]) {
    const s = node(graph, "Sigmoid", [x!], x!.shape);
    return { output: node(graph, "Mul", [x!, s], x!.shape), saved: { s } };
  },
  // d/dx x·s = s + x·s·(1 − s) = s + y·(1 − s)
  vjp(graph, { grad, output: y, saved: { s } }) {
    const slope = add(graph, s, mul(graph, y, sub(graph, scalar(graph, 1, y.type), s)));
    return [mul(graph, grad, slope)];
  },
  samples: [{ inputs: [[2, 3]], attributes: {} }],
};

export const silu = (graph: Graph, x: Value) => apply(graph, siluOp, [x], {});

export const siluOps = [siluOp];
