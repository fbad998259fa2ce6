import { constant, type Graph, node } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { show, size, type Value } from "../value.ts";

/** Rows of a table [vocab,d] by int64 indices [n]: [n,d]. The gradient scatters and adds. */
const embeddingOp: Op<Record<never, never>, null> = {
  name: "Embedding",
  forward(graph, [table, indices]) {
    if (table!.shape.length !== 2 || indices!.shape.length !== 1 || indices!.type !== "int64") {
      throw new Error(`internal: Embedding of ${show(table!)} by ${show(indices!)}`);
    }
    const shape = [indices!.shape[0]!, table!.shape[1]!];
    return { output: node(graph, "Gather", [table!, indices!], shape, { attributes: { axis: 0 } }), saved: null };
  },
  vjp(graph, { grad, inputs: [table, indices] }) {
    const n = size(table!.shape);
    const zeros = constant(graph, table!.type === "float64" ? new Float64Array(n) : new Float32Array(n), table!.shape);
    const rows = node(graph, "Unsqueeze", [indices!, constant(graph, BigInt64Array.of(1n))], [...indices!.shape, 1]);
    return [node(graph, "ScatterND", [zeros, rows, grad], table!.shape, { attributes: { reduction: "add" } }), null];
  },
  samples: [{ inputs: [[4, 3], { data: BigInt64Array.of(1n, 3n, 1n), shape: [3] }], attributes: {} }],
};

export const embedding = (graph: Graph, table: Value, indices: Value) =>
  apply(graph, embeddingOp, [table, indices], {});

export const embeddingOps = [embeddingOp];
