import assert from "node:assert/strict";
import { sampleRuns, sharedRuns } from "../../../evaluate/tasks/overlap.ts";

describe("runs of words that two texts share", () => {
  const words = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `w${(from + i) * (from + i)}x`).join(" ");
  const text = (content: string) => ({ kind: "text" as const, text: content });

  it("are all of a text that is part of the other, however it is spaced, and none of another text", () => {
    const sample = sampleRuns(words(1000, 500));
    assert.equal(sample.size, 488);
    assert.equal(sharedRuns(sample, text(words(0, 3000))), 1);
    assert.equal(sharedRuns(sample, text(words(0, 3000).replaceAll(" ", " \n ").toUpperCase())), 1);
    assert.equal(sharedRuns(sample, text(words(5000, 3000))), 0);
  });

  it("are their share where the texts overlap, also in a sample of a long text", () => {
    // Of 988 runs 238 lie within the last 250 words.
    assert.equal(sharedRuns(sampleRuns(words(0, 1000)), text(words(750, 1000))), 238 / 988);
    const long = sharedRuns(sampleRuns(words(0, 60_000)), text(words(45_000, 60_000)));
    assert.ok(Math.abs(long - 0.25) < 0.02, `${long}`);
  });

  it("are found in the fields of JSON lines and of tables; a text of fewer than 13 words has none", () => {
    const sample = sampleRuns(words(0, 40));
    const row = { query: `Question: ${words(0, 20)}`, gold: 1, choices: words(20, 20) };
    assert.equal(sharedRuns(sample, { kind: "rows", rows: [row] }), 16 / 28);
    assert.equal(sharedRuns(sample, { kind: "lines", text: `${JSON.stringify({ text: words(0, 40) })}\n` }), 1);
    assert.equal(sharedRuns(sampleRuns("a b c"), text("a b c")), 0);
  });
});
