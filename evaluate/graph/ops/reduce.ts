import { type Graph, ints, node, scalar } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { size, type Value } from "../value.ts";
import { mul } from "./elementwise.ts";
import { expand, reshape } from "./shape.ts";

interface Axes {
  axes: readonly number[];
}

/** Sum over `axes` (non-negative), which stay as dimensions of 1. */
const sumOp: Op<Axes, null> = {
  name: "ReduceSum",
  forward(graph, [x], { axes }) {
    if (axes.some((a) => a < 0 || a >= x!.shape.length))
      throw new Error(`internal: ReduceSum over ${axes} of [${x!.shape}]`);
    const shape = x!.shape.map((d, i) => (axes.includes(i) ? 1 : d));
    const output = node(graph, "ReduceSum", [x!, ints(graph, axes)], shape, { attributes: { keepdims: 1 } });
    return { output, saved: null };
  },
  vjp: (graph, { grad, inputs }) => [expand(graph, grad, inputs[0]!.shape)],
  samples: [
    { inputs: [[2, 3]], attributes: { axes: [1] } },
    { inputs: [[2, 3, 2]], attributes: { axes: [0, 2] } },
  ],
};

export const sum = (graph: Graph, x: Value, axes: readonly number[]) => apply(graph, sumOp, [x], { axes });

/** Mean over `axes`, kept as dimensions of 1. */
export function mean(graph: Graph, x: Value, axes: readonly number[]): Value {
  const count = axes.reduce((n, a) => n * x.shape[a]!, 1);
  return mul(graph, sum(graph, x, axes), scalar(graph, 1 / count, x.type));
}

/** Mean of everything, as a scalar. */
export function meanAll(graph: Graph, x: Value): Value {
  const flat = reshape(graph, x, [size(x.shape)]);
  return reshape(graph, mean(graph, flat, [0]), []);
}

/** Sums what broadcasting repeated, so that a gradient has its input's shape. */
export function sumTo(graph: Graph, x: Value, shape: readonly number[]): Value {
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []));
  const summed = axes.length > 0 ? sum(graph, x, axes) : x;
  return summed.shape.length === shape.length ? summed : reshape(graph, summed, shape);
}

export const reduceOps = [sumOp];
