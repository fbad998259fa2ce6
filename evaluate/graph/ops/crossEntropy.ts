import { constant, type Graph, ints, node } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { show, type Value } from "../value.ts";

/** Negative log-likelihood in nats of int64 labels [n] under logits [n,vocab]: [n]. */
const crossEntropyOp: Op<Record<never, never>, { logp: Value; index: Value }> = {
  name: "CrossEntropy",
  forward(graph, [logits, labels]) {
    const [n] = logits!.shape;
    if (logits!.shape.length !== 2 || labels!.shape.length !== 1 || labels!.shape[0] !== n) {
      throw new Error(`internal: CrossEntropy of ${show(logits!)} with ${show(labels!)}`);
    }
    const logp = node(graph, "LogSoftmax", [logits!], logits!.shape, { attributes: { axis: -1 } });
    const index = node(graph, "Unsqueeze", [labels!, ints(graph, [1])], [n!, 1]);
    const picked = node(graph, "GatherElements", [logp, index], [n!, 1], { attributes: { axis: 1 } });
    const flat = node(graph, "Reshape", [picked, ints(graph, [n!])], [n!]);
    return { output: node(graph, "Neg", [flat], [n!]), saved: { logp, index } };
  },
  // d nll / d logits = softmax − onehot; scattering −1 touches n elements where a one-hot would write n × vocab.
  vjp(graph, { grad, saved: { logp, index } }) {
    const [n] = logp.shape;
    const minus = logp.type === "float64" ? new Float64Array(n!).fill(-1) : new Float32Array(n!).fill(-1);
    const p = node(graph, "Exp", [logp], logp.shape);
    const diff = node(graph, "ScatterElements", [p, index, constant(graph, minus, [n!, 1])], logp.shape, {
      attributes: { axis: 1, reduction: "add" },
    });
    const column = node(graph, "Reshape", [grad, ints(graph, [n!, 1])], [n!, 1]);
    return [node(graph, "Mul", [diff, column], logp.shape), null];
  },
  samples: [{ inputs: [[3, 5], { data: BigInt64Array.of(4n, 0n, 2n), shape: [3] }], attributes: {} }],
};

export const crossEntropy = (graph: Graph, logits: Value, labels: Value) =>
  apply(graph, crossEntropyOp, [logits, labels], {});

export const crossEntropyOps = [crossEntropyOp];
