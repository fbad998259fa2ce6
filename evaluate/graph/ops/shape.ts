import { type Graph, ints, node } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { show, size, type Value } from "../value.ts";
import { sumTo } from "./reduce.ts";

interface Shape {
  shape: readonly number[];
}

const reshapeOp: Op<Shape, null> = {
  name: "Reshape",
  forward(graph, [x], { shape }) {
    if (size(shape) !== size(x!.shape)) throw new Error(`internal: Reshape of ${show(x!)} to [${shape}]`);
    return { output: node(graph, "Reshape", [x!, ints(graph, shape)], shape), saved: null };
  },
  vjp: (graph, { grad, inputs }) => [reshape(graph, grad, inputs[0]!.shape)],
  samples: [{ inputs: [[2, 3]], attributes: { shape: [3, 1, 2] } }],
};

const expandOp: Op<Shape, null> = {
  name: "Expand",
  forward: (graph, [x], { shape }) => ({
    output: node(graph, "Expand", [x!, ints(graph, shape)], shape),
    saved: null,
  }),
  vjp: (graph, { grad, inputs }) => [sumTo(graph, grad, inputs[0]!.shape)],
  samples: [{ inputs: [[2, 1]], attributes: { shape: [2, 3] } }],
};

const transposeOp: Op<{ order: readonly number[] }, null> = {
  name: "Transpose",
  forward(graph, [x], { order }) {
    const shape = order.map((i) => x!.shape[i]!);
    return { output: node(graph, "Transpose", [x!], shape, { attributes: { perm: order } }), saved: null };
  },
  vjp: (graph, { grad, attributes: { order } }) => [
    transpose(
      graph,
      grad,
      order.map((_, i) => order.indexOf(i)),
    ),
  ],
  samples: [{ inputs: [[2, 3, 4]], attributes: { order: [2, 0, 1] } }],
};

export const reshape = (graph: Graph, x: Value, shape: readonly number[]) => apply(graph, reshapeOp, [x], { shape });
export const expand = (graph: Graph, x: Value, shape: readonly number[]) => apply(graph, expandOp, [x], { shape });
export const transpose = (graph: Graph, x: Value, order: readonly number[]) =>
  apply(graph, transposeOp, [x], { order });

export const shapeOps = [reshapeOp, expandOp, transposeOp];
