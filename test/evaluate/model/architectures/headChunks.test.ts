import assert from "node:assert/strict";
import { createSession } from "../../../../evaluate/engine/session.ts";
import {
  type AttentionOptions,
  causalAttention,
  createGraph,
  input,
  output,
} from "../../../../evaluate/graph/index.ts";
import { attentionInChunks } from "../../../../evaluate/model/architectures/headChunks.ts";

describe("attention a few heads at a time", () => {
  const [batch, heads, queries, time, d] = [2, 5, 2, 9, 4];
  const shapes = { q: [batch, heads, queries * time, d], k: [batch, heads, time, d], v: [batch, heads, time, d] };
  const slopes = Array.from({ length: heads * queries }, (_, i) => 2 ** -i);
  const settings: AttentionOptions[] = [{}, { slopes }, { window: 3, softcap: 0.5 }];

  it("is attention of all heads, bit for bit", async () => {
    for (const options of settings) {
      const graph = createGraph();
      const [q, k, v] = Object.entries(shapes).map(([name, shape]) => input(graph, name, "float32", shape));
      output(graph, "whole", causalAttention(graph, q!, k!, v!, options));
      // Two key heads fit, then one of the two query heads of each.
      const bytes = 4 * batch * time * time;
      output(graph, "chunks", attentionInChunks({ graph }, 4 * bytes)(0, [q!, k!, v!], options));
      output(graph, "single", attentionInChunks({ graph }, bytes)(0, [q!, k!, v!], options));
      assert.equal(graph.nodes.filter(({ type }) => type === "Softmax").length, 1 + 3 + 10);
      const session = await createSession(graph, { threads: 1 });
      const feeds = Object.entries(shapes).map(([name, shape], n) => {
        const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * i + n));
        return [name, { data, shape }] as const;
      });
      const { whole, chunks, single } = await session.run(Object.fromEntries(feeds));
      assert.deepEqual(chunks, whole);
      assert.deepEqual(single, whole);
      await session.release();
    }
  });
});
