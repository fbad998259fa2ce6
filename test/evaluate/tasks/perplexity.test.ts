import assert from "node:assert/strict";
import { parseTask, type Score, type ScoredModel, taskById, tasks } from "../../../evaluate/tasks/index.ts";

const encode = (text: string) => [1, ...Buffer.from(text)];

const eight = { kind: "text" as const, text: "abcdefgh" };

const windowsOf = (windows: Score): ScoredModel => ({
  windows,
  continuations: () => Promise.reject(new Error("not asked for")),
  remember: () => Promise.reject(new Error("not asked for")),
  divergences: () => Promise.reject(new Error("not asked for")),
});

describe("tasks", () => {
  it("parseTask splits at the first colon, so that file names may hold colons", () => {
    assert.deepEqual(parseTask("perplexity:C:\\texts\\a.txt"), { task: "perplexity", source: "C:\\texts\\a.txt" });
  });

  it("parseTask refuses unknown tasks and an empty source, naming what is known", () => {
    assert.throws(() => parseTask("lambda:x"), {
      name: "UserError",
      message:
        'task "lambda": unknown; known are perplexity:FILE, wikitext2-gptq:FILE, wordperplexity:FILE, kl:FILE, lambada:FILE, hellaswag:FILE, piqa:FILE, winogrande:FILE, arc-easy:FILE, arc-challenge:FILE, boolq:FILE, choices:FILE',
    });
    assert.throws(() => parseTask("perplexity:"), { name: "UserError", message: /write perplexity:FILE/ });
    assert.throws(() => parseTask("perplexity"), { name: "UserError" });
  });

  it("every task has its own id, a usage that starts with it and a summary", () => {
    assert.equal(new Set(tasks.map(({ id }) => id)).size, tasks.length);
    for (const task of tasks) {
      assert.ok(task.usage.startsWith(`${task.id}:`));
      assert.ok(task.summary.length > 10);
    }
  });

  it("perplexity encodes once, scores all windows in one call, and keeps the window losses", async () => {
    const task = taskById("perplexity");
    const calls: unknown[] = [];
    const data = task.prepare(
      { task: "perplexity", source: "a.txt" },
      { data: eight, encode, prefix: null, context: 4, limitWindows: null },
    );
    assert.equal(data.protocol, "windows-4");
    const score: Score = async (windows, count, context) => {
      calls.push([[...windows], count, context]);
      return Float64Array.of(Math.log(2), Math.log(8));
    };
    const metrics = await data.measure(windowsOf(score));
    assert.deepEqual(calls, [[[1, 97, 98, 99, 100, 101, 102, 103], 2, 4]]);
    assert.ok(Math.abs(metrics.perplexity! - 4) < 1e-12);
    assert.deepEqual(metrics.windowLoss, [Math.log(2), Math.log(8)]);
    assert.deepEqual([metrics.windows, metrics.tokens], [2, 8]);
  });

  it("a limit that cuts has its own protocol id; one that does not cut has none", () => {
    const task = taskById("perplexity");
    const spec = { task: "perplexity", source: "a.txt" };
    const protocol = (limitWindows: number) =>
      task.prepare(spec, { data: eight, encode, prefix: null, context: 4, limitWindows }).protocol;
    assert.equal(protocol(1), "windows-4-subset1");
    assert.equal(protocol(2), "windows-4");
    assert.equal(protocol(9), "windows-4");
  });

  it("a divergent run is null with a reason and survives JSON", async () => {
    const task = taskById("perplexity");
    const data = task.prepare(
      { task: "perplexity", source: "a.txt" },
      { data: eight, encode, prefix: null, context: 4, limitWindows: null },
    );
    const metrics = await data.measure(windowsOf(async () => Float64Array.of(1, Number.NaN)));
    assert.deepEqual(JSON.parse(JSON.stringify(metrics)), {
      perplexity: null,
      perplexitySigma: null,
      windowLoss: [],
      windows: 2,
      tokens: 8,
      reason: "divergent: the loss of window 2 of 2 is NaN",
    });
    await assert.rejects(data.measure(windowsOf(async () => Float64Array.of(1))), /2 windows were given, 1 losses/);
  });
});
