import assert from "node:assert/strict";
import { createWaiting } from "../../../evaluate/storage/waiting.ts";

describe("activations that wait", () => {
  it("come back as they were from memory and from disk, by key and window, and dropped ones make room", () => {
    // Two windows of two numbers fit in memory.
    const waiting = createWaiting(16);
    const read = (key: string, first: number, count: number) => {
      const into = new Float32Array(2 * count);
      waiting.read(key, first, count, into);
      return [...into];
    };
    waiting.write("a", 0, 3, Float32Array.of(1, 2, 3, 4, 5, 6));
    waiting.write("b", 0, 2, Float32Array.of(7, 8, 9, 10));
    assert.deepEqual(read("a", 0, 3), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(read("a", 1, 2), [3, 4, 5, 6]);
    waiting.drop("a", 1, 2);
    assert.throws(() => read("a", 1, 1), /internal: no activations a of window 1/);
    waiting.write("c", 5, 3, Float32Array.of(11, 12, 13, 14, 15, 16));
    assert.deepEqual(read("c", 5, 3), [11, 12, 13, 14, 15, 16]);
    assert.deepEqual(read("a", 0, 1), [1, 2]);
    assert.deepEqual(read("b", 0, 2), [7, 8, 9, 10]);
    waiting.release();
  });
});
