import assert from "node:assert/strict";
import { createSession } from "../../../evaluate/engine/session.ts";
import {
  createGraph,
  crossEntropy,
  encode,
  type Graph,
  input,
  layerNorm,
  logSoftmax,
  lower,
  output,
} from "../../../evaluate/graph/index.ts";
import { peakBytes } from "../../../evaluate/graph/peak.ts";

/** What the CPU makes of the graph that WebGPU would be given. */
async function run(graph: Graph, feeds: Record<string, Float32Array | Int32Array | BigInt64Array>) {
  const session = await createSession(encode(graph), { threads: 1 });
  const shapes = new Map(graph.inputs.map(({ name, shape }) => [name, shape]));
  const entries = Object.entries(feeds).map(([name, data]) => [name, { data, shape: shapes.get(name)! }]);
  const results = await session.run(Object.fromEntries(entries));
  await session.release();
  return results.y as Float32Array;
}

describe("lowering for WebGPU", () => {
  it("composes LogSoftmax, which takes labels as int32", async () => {
    const graph = createGraph();
    const x = input(graph, "x", "float32", [2, 3]);
    const labels = input(graph, "labels", "int64", [2]);
    output(graph, "y", crossEntropy(graph, logSoftmax(graph, x), labels));
    const lowered = lower(graph, "webgpu");
    assert.ok(lowered.nodes.every(({ type }) => type !== "LogSoftmax"));
    // −ln softmax: of 1000 among (1000, 0, 0) and of the last among (0, ln 2, ln 5), with no overflow on the way.
    const logits = Float32Array.of(1000, 0, 0, 0, Math.log(2), Math.log(5));
    const y = await run(lowered, { x: logits, labels: Int32Array.of(0, 2) });
    assert.ok(Math.abs(y[0]!) === 0);
    assert.ok(Math.abs(y[1]! - Math.log(8 / 5)) < 1e-6);
    assert.deepEqual(await run(graph, { x: logits, labels: BigInt64Array.of(0n, 2n) }), y);
  });

  it("composes LayerNormalization, whose variance survives a large mean", async () => {
    const graph = createGraph();
    const [x, w, b] = [input(graph, "x", "float32", [1, 4]), ...["w", "b"].map((n) => input(graph, n, "float32", [4]))];
    output(graph, "y", layerNorm(graph, x!, w!, b!, 0));
    const lowered = lower(graph, "webgpu");
    assert.ok(lowered.nodes.every(({ type }) => type !== "LayerNormalization"));
    const feeds = {
      x: Float32Array.of(4095, 4097, 4095, 4097),
      w: Float32Array.of(1, 1, 2, 2),
      b: Float32Array.of(0, 0, 0, 5),
    };
    assert.deepEqual([...(await run(lowered, feeds))], [-1, 1, -2, 7]);
  });

  it("leaves the graph itself, and other providers' graphs, as they are", () => {
    const graph = createGraph();
    output(graph, "y", logSoftmax(graph, input(graph, "x", "float32", [2, 3])));
    const before = encode(graph);
    lower(graph, "webgpu");
    assert.deepEqual(encode(graph), before);
    assert.equal(lower(graph, "cuda"), graph);
  });

  it("the peak of memory is that of the values alive at once", () => {
    const graph = createGraph();
    const x = input(graph, "x", "float32", [10]);
    // Log-softmax [10] lives until the output's copy of it, which lives to the end; what nobody asks for does not count.
    output(graph, "y", logSoftmax(graph, logSoftmax(graph, x)));
    logSoftmax(graph, x);
    assert.equal(peakBytes(graph), 80);
  });
});
