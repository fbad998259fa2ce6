import { type Graph, ints, node } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { show, type Value } from "../value.ts";

/**
 * Rotary position embedding in the half-split layout of Hugging Face checkpoints: x [batch,heads,time,d] with
 * cos and sin [time,r/2], r ≤ d. Pairs are (x[i], x[i + r/2]); the dimensions from r on pass unchanged. A rotation: its
 * gradient is the rotation by −angle.
 */
const ropeOp: Op<Record<never, never>, null> = {
  name: "Rope",
  forward(graph, [x, cos, sin]) {
    const [, , time, d] = x!.shape;
    if (x!.shape.length !== 4 || cos!.shape[0] !== time || cos!.shape[1]! > d! / 2) {
      throw new Error(`internal: Rope of ${show(x!)} by ${show(cos!)}`);
    }
    return { output: rotate(graph, x!, cos!, sin!), saved: null };
  },
  vjp(graph, { grad, inputs: [, cos, sin] }) {
    return [rotate(graph, grad, cos!, node(graph, "Neg", [sin!], sin!.shape)), null, null];
  },
  samples: [
    {
      inputs: [
        [2, 2, 3, 4],
        { data: Float64Array.from({ length: 6 }, (_, i) => Math.cos(i)), shape: [3, 2] },
        { data: Float64Array.from({ length: 6 }, (_, i) => Math.sin(i)), shape: [3, 2] },
      ],
      attributes: {},
    },
    {
      inputs: [
        [1, 2, 2, 5],
        { data: Float64Array.from({ length: 4 }, (_, i) => Math.cos(i + 1)), shape: [2, 2] },
        { data: Float64Array.from({ length: 4 }, (_, i) => Math.sin(i + 1)), shape: [2, 2] },
      ],
      attributes: {},
    },
  ],
};

function rotate(graph: Graph, x: Value, cos: Value, sin: Value): Value {
  const d = x.shape[3]!;
  const half = cos.shape[1]!;
  const lead = x.shape.slice(0, 3);
  const slice = (from: number, to: number) =>
    node(graph, "Slice", [x, ints(graph, [from]), ints(graph, [to]), ints(graph, [3])], [...lead, to - from]);
  const [a, b] = [slice(0, half), slice(half, 2 * half)];
  const times = (u: Value, v: Value) => node(graph, "Mul", [u, v], a.shape);
  const first = node(graph, "Sub", [times(a, cos), times(b, sin)], a.shape);
  const second = node(graph, "Add", [times(b, cos), times(a, sin)], a.shape);
  const rest = 2 * half < d ? [slice(2 * half, d)] : [];
  return node(graph, "Concat", [first, second, ...rest], x.shape, { attributes: { axis: 3 } });
}

export const rope = (graph: Graph, x: Value, cos: Value, sin: Value) => apply(graph, ropeOp, [x, cos, sin], {});

export const ropeOps = [ropeOp];
