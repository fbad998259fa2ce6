import { type Graph, node, scalar } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { show, type Value } from "../value.ts";
import { add, div, mul, sqrt, sub } from "./elementwise.ts";
import { mean, sumTo } from "./reduce.ts";

/**
 * LayerNorm (Ba et al. 2016): y = w · (x − mean) / sqrt(variance + eps) + b over the last dimension; x [n,d], w and b [d].
 * The gradient recomputes mean and deviation from x, as RmsNorm's does.
 */
const layerNormOp: Op<{ eps: number }, null> = {
  name: "LayerNorm",
  forward(graph, [x, w, b], { eps }) {
    const d = x!.shape.at(-1);
    if (w!.shape.length !== 1 || w!.shape[0] !== d || b!.shape.length !== 1 || b!.shape[0] !== d) {
      throw new Error(`internal: LayerNorm of ${show(x!)} with ${show(w!)} and ${show(b!)}`);
    }
    const output = node(graph, "LayerNormalization", [x!, w!, b!], x!.shape, {
      attributes: { axis: -1, epsilon: { float: eps } },
    });
    return { output, saved: null };
  },
  vjp(graph, { grad, inputs: [x, w, b], attributes: { eps } }) {
    const last = [x!.shape.length - 1];
    const centred = sub(graph, x!, mean(graph, x!, last));
    const variance = mean(graph, mul(graph, centred, centred), last);
    const inverse = div(
      graph,
      scalar(graph, 1, x!.type),
      sqrt(graph, add(graph, variance, scalar(graph, eps, x!.type))),
    );
    const normed = mul(graph, centred, inverse);
    const gradNormed = mul(graph, grad, w!);
    const along = mul(graph, normed, mean(graph, mul(graph, gradNormed, normed), last));
    const dx = mul(graph, sub(graph, sub(graph, gradNormed, mean(graph, gradNormed, last)), along), inverse);
    return [dx, sumTo(graph, mul(graph, grad, normed), w!.shape), sumTo(graph, grad, b!.shape)];
  },
  samples: [{ inputs: [[3, 4], [4], [4]], attributes: { eps: 1e-5 } }],
};

export const layerNorm = (graph: Graph, x: Value, weight: Value, bias: Value, eps: number) =>
  apply(graph, layerNormOp, [x, weight, bias], { eps });

export const layerNormOps = [layerNormOp];
