import assert from "node:assert/strict";
import { evalProgress } from "../../cli/evalProgress.ts";
import type { TrialSpec } from "../../evaluate/sweep/index.ts";

describe("evalProgress", () => {
  const spec = { format: "sf4@g32", task: "perplexity:a.txt" } as TrialSpec;
  const shown = (isTTY: boolean) => {
    const written: string[] = [];
    const { onStep, onProgress } = evalProgress({ isTTY, columns: 24, write: (text: string) => written.push(text) });
    onStep(spec, "gptq, layer 1 of 35");
    onStep(spec, "gptq, layer 2 of 35");
    onProgress({ done: 1, total: 2, spec, outcome: "row" });
    return written;
  };

  it("shows what a trial is at on a terminal, no wider than it and not at every step, and clears it", () => {
    assert.deepEqual(shown(true), ["\r\x1b[2Ksf4@g32: gptq, layer 1 ", "\r\x1b[2K1/2  sf4@g32 on perplexity:a.txt\n"]);
  });

  it("writes a line a trial into a pipe", () => {
    assert.deepEqual(shown(false), ["1/2  sf4@g32 on perplexity:a.txt\n"]);
  });
});
