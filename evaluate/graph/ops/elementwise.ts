import { type Graph, node, scalar } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { show, type Value } from "../value.ts";
import { sumTo } from "./reduce.ts";

/** Numpy broadcasting of two shapes. */
function broadcast(op: string, a: Value, b: Value): number[] {
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a.shape[a.shape.length - rank + i] ?? 1;
    const y = b.shape[b.shape.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new Error(`internal: ${op} of ${show(a)} and ${show(b)}`);
    return Math.max(x, y);
  });
}

type None = Record<never, never>;
type Vjp = (graph: Graph, grad: Value, inputs: readonly Value[], output: Value) => readonly Value[];

function binary(name: string, vjp: Vjp, positive = false): Op<None, null> {
  return {
    name,
    forward: (graph, inputs) => ({
      output: node(graph, name, inputs, broadcast(name, inputs[0]!, inputs[1]!)),
      saved: null,
    }),
    vjp: (graph, { grad, inputs, output }) =>
      vjp(graph, grad, inputs, output).map((g, i) => sumTo(graph, g, inputs[i]!.shape)),
    samples: [
      {
        inputs: [
          [2, 3],
          [2, 3],
        ],
        attributes: {},
        positive,
      },
      { inputs: [[2, 3], [3]], attributes: {}, positive },
      {
        inputs: [
          [1, 3],
          [2, 1],
        ],
        attributes: {},
        positive,
      },
      { inputs: [[2, 2], []], attributes: {}, positive },
    ],
  };
}

function unary(name: string, vjp: Vjp, positive = false): Op<None, null> {
  return {
    name,
    forward: (graph, inputs) => ({ output: node(graph, name, inputs, inputs[0]!.shape), saved: null }),
    vjp: (graph, { grad, inputs, output }) => vjp(graph, grad, inputs, output),
    samples: [{ inputs: [[2, 3]], attributes: {}, positive }],
  };
}

const addOp = binary("Add", (_, grad) => [grad, grad]);
const subOp = binary("Sub", (graph, grad) => [grad, neg(graph, grad)]);
const mulOp = binary("Mul", (graph, grad, [a, b]) => [mul(graph, grad, b!), mul(graph, grad, a!)]);
const divOp = binary(
  "Div",
  (graph, grad, [, b], y) => {
    const da = div(graph, grad, b!);
    return [da, neg(graph, mul(graph, da, y))];
  },
  true,
);
const negOp = unary("Neg", (graph, grad) => [neg(graph, grad)]);
const expOp = unary("Exp", (graph, grad, _, y) => [mul(graph, grad, y)]);
const logOp = unary("Log", (graph, grad, [x]) => [div(graph, grad, x!)], true);
const sqrtOp = unary(
  "Sqrt",
  (graph, grad, _, y) => [div(graph, mul(graph, grad, scalar(graph, 0.5, y.type)), y)],
  true,
);
const tanhOp = unary("Tanh", (graph, grad, _, y) => [
  mul(graph, grad, sub(graph, scalar(graph, 1, y.type), mul(graph, y, y))),
]);
const sigmoidOp = unary("Sigmoid", (graph, grad, _, y) => {
  const slope = mul(graph, y, sub(graph, scalar(graph, 1, y.type), y));
  return [mul(graph, grad, slope)];
});

export const add = (graph: Graph, a: Value, b: Value) => apply(graph, addOp, [a, b], {});
export const sub = (graph: Graph, a: Value, b: Value) => apply(graph, subOp, [a, b], {});
export const mul = (graph: Graph, a: Value, b: Value) => apply(graph, mulOp, [a, b], {});
export const div = (graph: Graph, a: Value, b: Value) => apply(graph, divOp, [a, b], {});
export const neg = (graph: Graph, x: Value) => apply(graph, negOp, [x], {});
export const exp = (graph: Graph, x: Value) => apply(graph, expOp, [x], {});
export const log = (graph: Graph, x: Value) => apply(graph, logOp, [x], {});
export const sqrt = (graph: Graph, x: Value) => apply(graph, sqrtOp, [x], {});
export const tanh = (graph: Graph, x: Value) => apply(graph, tanhOp, [x], {});
export const sigmoid = (graph: Graph, x: Value) => apply(graph, sigmoidOp, [x], {});

export const elementwiseOps = [addOp, subOp, mulOp, divOp, negOp, expOp, logOp, sqrtOp, tanhOp, sigmoidOp];
