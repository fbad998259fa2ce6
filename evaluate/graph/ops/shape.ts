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

interface Range {
  axis: number;
  from: number;
  to: number;
}

/** Elements from, …, to − 1 along an axis. */
const sliceOp: Op<Range, null> = {
  name: "Slice",
  forward(graph, [x], { axis, from, to }) {
    const length = x!.shape[axis];
    if (length === undefined || from < 0 || to <= from || to > length) {
      throw new Error(`internal: Slice of ${show(x!)} from ${from} to ${to} along ${axis}`);
    }
    const shape = x!.shape.map((d, i) => (i === axis ? to - from : d));
    const range = [ints(graph, [from]), ints(graph, [to]), ints(graph, [axis])];
    return { output: node(graph, "Slice", [x!, ...range], shape), saved: null };
  },
  vjp(graph, { grad, inputs: [x], attributes: { axis, from, to } }) {
    const rank = x!.shape.length;
    const widths = new Array<number>(2 * rank).fill(0);
    widths[axis] = from;
    widths[rank + axis] = x!.shape[axis]! - to;
    return [node(graph, "Pad", [grad, ints(graph, widths)], x!.shape)];
  },
  samples: [
    { inputs: [[2, 5]], attributes: { axis: 1, from: 1, to: 4 } },
    { inputs: [[3, 2, 2]], attributes: { axis: 0, from: 0, to: 1 } },
  ],
};

/** The inputs, all of one shape but along `axis`, one after another along it. */
const concatOp: Op<{ axis: number }, null> = {
  name: "Concat",
  forward(graph, inputs, { axis }) {
    const length = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    const shape = inputs[0]!.shape.map((d, i) => (i === axis ? length : d));
    return { output: node(graph, "Concat", inputs, shape, { attributes: { axis } }), saved: null };
  },
  vjp(graph, { grad, inputs, attributes: { axis } }) {
    let to = 0;
    return inputs.map(({ shape }) => {
      to += shape[axis]!;
      return slice(graph, grad, axis, to - shape[axis]!, to);
    });
  },
  samples: [
    {
      inputs: [
        [2, 1, 2],
        [2, 3, 2],
      ],
      attributes: { axis: 1 },
    },
  ],
};

export const reshape = (graph: Graph, x: Value, shape: readonly number[]) => apply(graph, reshapeOp, [x], { shape });
export const expand = (graph: Graph, x: Value, shape: readonly number[]) => apply(graph, expandOp, [x], { shape });
export const transpose = (graph: Graph, x: Value, order: readonly number[]) =>
  apply(graph, transposeOp, [x], { order });

export const slice = (graph: Graph, x: Value, axis: number, from: number, to: number) =>
  apply(graph, sliceOp, [x], { axis, from, to });

export const concat = (graph: Graph, inputs: readonly Value[], axis: number) =>
  apply(graph, concatOp, inputs, { axis });

export const shapeOps = [reshapeOp, expandOp, transposeOp, sliceOp, concatOp];
