import assert from "node:assert/strict";
import { createSession } from "../../../evaluate/engine/session.ts";
import { causalAttention, createGraph, encode, input, output } from "../../../evaluate/graph/index.ts";

const TIME = 64;

describe("causalAttention", () => {
  it("holds one mask a graph, whatever the number of layers and of query heads to a key head", () => {
    const graph = createGraph();
    const keys = input(graph, "k", "float32", [1, 2, TIME, 4]);
    let hidden = input(graph, "q", "float32", [1, 2, 3 * TIME, 4]);
    for (let layer = 0; layer < 8; layer++) hidden = causalAttention(graph, hidden, keys, keys);
    output(graph, "y", hidden);
    const masks = graph.constants.filter(({ data }) => data.length >= TIME * TIME);
    assert.deepEqual(
      masks.map(({ value }) => value.shape),
      [[TIME, TIME]],
    );
    // The mask has 16 kB; 8 layers of 3 query heads each with their own would have 393 kB.
    assert.ok(encode(graph).length < 30_000);
  });

  it("sees the window and no later key: with values one-hot by position, weights outside are exactly 0", async () => {
    const graph = createGraph();
    const time = 5;
    const zeros = input(graph, "q", "float32", [1, 1, time, time]);
    const values = input(graph, "v", "float32", [1, 1, time, time]);
    output(graph, "y", causalAttention(graph, zeros, zeros, values, { window: 2 }));
    const session = await createSession(encode(graph), { threads: 1 });
    const shape = [1, 1, time, time];
    const identity = Float32Array.from({ length: time * time }, (_, i) => (i % (time + 1) === 0 ? 1 : 0));
    const q = { data: new Float32Array(time * time), shape };
    const { y } = await session.run({ q, v: { data: identity, shape } });
    await session.release();
    // Equal scores: each query averages itself and the key before it.
    const expected = [1, 0, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5];
    assert.deepEqual([...(y as Float32Array)], expected);
  });
});
