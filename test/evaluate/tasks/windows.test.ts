import assert from "node:assert/strict";
import { cutWindows, windowsProtocol } from "../../../evaluate/tasks/index.ts";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("cutWindows", () => {
  it("cuts independent windows in order and drops the tail", () => {
    const cut = cutWindows(upTo(11), 4);
    assert.deepEqual([...cut.windows], [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.equal(cut.count, 2);
    assert.equal(cut.dropped, 3);
    assert.equal(windowsProtocol(256), "windows-256");
  });

  it("gives the published window counts of WikiText-2 test (GPT-2 280×1024, LLaMA 166×2048)", () => {
    // Token counts and window counts: facts/methods.md §6 (GPTQ's code; wanda issue 52).
    assert.equal(cutWindows(new Int32Array(287_644), 1024).count, 280);
    assert.equal(cutWindows(new Int32Array(341_469), 2048).count, 166);
    assert.equal(cutWindows(new Int32Array(341_469), 4096).count, 83);
  });

  it("keeps only evenly spaced windows when asked, and says how many there were", () => {
    const cut = cutWindows(upTo(41), 4, { limit: 3 });
    assert.deepEqual([cut.count, cut.available, cut.dropped, cut.windows.length], [3, 10, 1, 12]);
    assert.deepEqual(
      [...cut.windows].filter((_, i) => i % 4 === 0),
      [0, 12, 24],
    );
    assert.equal(windowsProtocol(4, 3), "windows-4-subset3");
  });

  it("names the file, its tokens and what is needed when the text is shorter than one window", () => {
    assert.throws(() => cutWindows(upTo(255), 256, { source: "poem.txt" }), {
      name: "UserError",
      message: "poem.txt: 255 tokens are less than one window of 256; lower --context",
    });
    assert.throws(() => cutWindows([], 2), { name: "UserError", message: /0 tokens/ });
  });

  it("refuses contexts, limits and ids that are not counts", () => {
    for (const context of [0, 1, -4, 2.5, Number.NaN, 1e12])
      assert.throws(() => cutWindows(upTo(9), context), { name: "UserError", message: /^context: / });
    for (const limit of [0, -1, 1.5]) assert.throws(() => cutWindows(upTo(9), 4, { limit }), { name: "UserError" });
    for (const id of [-1, 0.5, Number.NaN, 2 ** 31])
      assert.throws(() => cutWindows([1, id, 2, 3], 2, { source: "t" }), { message: /^t: token 1 has id/ });
  });
});
