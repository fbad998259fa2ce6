import { type Graph, node, scalar } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { show, type Value } from "../value.ts";
import { add, div, mul, sqrt, sub } from "./elementwise.ts";
import { sum, sumTo } from "./reduce.ts";

/**
 * RMSNorm (Zhang & Sennrich 2019): y = w · x / sqrt(mean(x²) + eps) over the last dimension; x [n,d], w [d].
 * The forward is onnxruntime's fused kernel. Its second output (1/rms) is wrong on WebGPU in 1.30 (it returns the
 * mean), so the gradient recomputes 1/rms from x, which costs two passes and holds on every provider.
 */
const rmsNormOp: Op<{ eps: number }, null> = {
  name: "RmsNorm",
  forward(graph, [x, w], { eps }) {
    if (x!.shape.at(-1) !== w!.shape[0] || w!.shape.length !== 1) {
      throw new Error(`internal: RmsNorm of ${show(x!)} with ${show(w!)}`);
    }
    const output = node(graph, "SimplifiedLayerNormalization", [x!, w!], x!.shape, {
      attributes: { axis: -1, epsilon: { float: eps } },
    });
    return { output, saved: null };
  },
  vjp(graph, { grad, inputs: [x, w], attributes: { eps } }) {
    const last = x!.shape.length - 1;
    const d = x!.shape[last]!;
    const rms2 = mul(graph, sum(graph, mul(graph, x!, x!), [last]), scalar(graph, 1 / d, x!.type));
    const meanSquare = add(graph, rms2, scalar(graph, eps, x!.type));
    const inverse = div(graph, scalar(graph, 1, x!.type), sqrt(graph, meanSquare));
    const normed = mul(graph, x!, inverse);
    const gradNormed = mul(graph, grad, w!);
    const along = mul(graph, sum(graph, mul(graph, gradNormed, normed), [last]), scalar(graph, 1 / d, x!.type));
    const dx = mul(graph, sub(graph, gradNormed, mul(graph, normed, along)), inverse);
    return [dx, sumTo(graph, mul(graph, grad, normed), w!.shape)];
  },
  samples: [{ inputs: [[3, 4], [4]], attributes: { eps: 1e-5 } }],
};

export const rmsNorm = (graph: Graph, x: Value, weight: Value, eps: number) =>
  apply(graph, rmsNormOp, [x, weight], { eps });

export const rmsNormOps = [rmsNormOp];
