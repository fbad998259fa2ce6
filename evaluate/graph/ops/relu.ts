import { type Graph, node } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import type { Value } from "../value.ts";
import { mul } from "./elementwise.ts";

/** max(x, 0); its gradient at 0 is 0, as torch's. */
const reluOp: Op<Record<never, never>, null> = {
  name: "Relu",
  forward: (graph, [x]) => ({ output: node(graph, "Relu", [x!], x!.shape), saved: null }),
  // The output is never negative, so its sign is the step function.
  vjp: (graph, { grad, output: y }) => [mul(graph, grad, node(graph, "Sign", [y], y.shape))],
  samples: [{ inputs: [[2, 3]], attributes: {} }],
};

export const relu = (graph: Graph, x: Value) => apply(graph, reluOp, [x], {});

export const reluOps = [reluOp];
