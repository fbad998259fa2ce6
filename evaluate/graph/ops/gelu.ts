import { type Graph, node, scalar } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import type { Value } from "../value.ts";
import { add, exp, mul, sub } from "./elementwise.ts";

type None = Record<never, never>;

/** GELU (Hendrycks & Gimpel 2016), x·Φ(x), with the normal distribution function Φ itself. */
const geluOp: Op<None, { cdf: Value }> = {
  name: "Gelu",
  forward(graph, [x]) {
    const c = (value: number) => scalar(graph, value, x!.type);
    const erf = node(graph, "Erf", [node(graph, "Mul", [x!, c(Math.SQRT1_2)], x!.shape)], x!.shape);
    const cdf = node(graph, "Mul", [node(graph, "Add", [erf, c(1)], x!.shape), c(0.5)], x!.shape);
    return { output: node(graph, "Mul", [x!, cdf], x!.shape), saved: { cdf } };
  },
  // d/dx x·Φ = Φ + x·φ
  vjp(graph, { grad, inputs: [x], saved: { cdf } }) {
    const c = (value: number) => scalar(graph, value, x!.type);
    const density = exp(graph, mul(graph, mul(graph, x!, x!), c(-0.5)));
    const slope = add(graph, cdf, mul(graph, mul(graph, x!, density), c(1 / Math.sqrt(2 * Math.PI))));
    return [mul(graph, grad, slope)];
  },
  // onnxruntime's CPU kernel of Erf is float32 alone.
  samples: [{ inputs: [[2, 3]], attributes: {}, type: "float32" }],
};

const CUBIC = 0.044715;
const ROOT = Math.sqrt(2 / Math.PI);

/** The tanh approximation of GELU (ibid., §2): x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))). */
const geluTanhOp: Op<None, { tanh: Value; square: Value }> = {
  name: "GeluTanh",
  forward(graph, [x]) {
    const c = (value: number) => scalar(graph, value, x!.type);
    const square = node(graph, "Mul", [x!, x!], x!.shape);
    const factor = node(graph, "Add", [node(graph, "Mul", [square, c(ROOT * CUBIC)], x!.shape), c(ROOT)], x!.shape);
    const tanh = node(graph, "Tanh", [node(graph, "Mul", [x!, factor], x!.shape)], x!.shape);
    const gate = node(graph, "Add", [node(graph, "Mul", [tanh, c(0.5)], x!.shape), c(0.5)], x!.shape);
    return { output: node(graph, "Mul", [x!, gate], x!.shape), saved: { tanh, square } };
  },
  // y = x·(1+t)/2, so y' = (1+t)/2 + x/2·(1−t²)·√(2/π)·(1 + 3·0.044715·x²)
  vjp(graph, { grad, inputs: [x], saved: { tanh, square } }) {
    const c = (value: number) => scalar(graph, value, x!.type);
    const gate = add(graph, mul(graph, tanh, c(0.5)), c(0.5));
    const inner = add(graph, mul(graph, square, c(1.5 * ROOT * CUBIC)), c(0.5 * ROOT));
    const steep = mul(graph, sub(graph, c(1), mul(graph, tanh, tanh)), inner);
    return [mul(graph, grad, add(graph, gate, mul(graph, x!, steep)))];
  },
  samples: [{ inputs: [[2, 3]], attributes: {} }],
};

export const gelu = (graph: Graph, x: Value) => apply(graph, geluOp, [x], {});
export const geluTanh = (graph: Graph, x: Value) => apply(graph, geluTanhOp, [x], {});

export const geluOps = [geluOp, geluTanhOp];
