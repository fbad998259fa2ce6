import assert from "node:assert/strict";
import { isOutOfMemory, shrinking } from "../../../evaluate/engine/shrink.ts";
import { createEvaluator } from "../../../evaluate/scoring/evaluator.ts";
import { createTokenScorer } from "../../../evaluate/scoring/tokenScorer.ts";
import { UserError } from "../../../formats/error.ts";
import { tinyModel } from "../tinyModel.ts";

describe("out of memory", () => {
  it("is told by the messages of onnxruntime's providers, and by nothing else", () => {
    for (const message of [
      "CUDA failure 2: out of memory ; GPU=0",
      "Failed to allocate memory for requested buffer of size 1073741824",
      "vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY",
      "WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.",
      "WebGPU validation failed. Buffer size (3355443200) exceeds the max buffer size limit (1073741824).",
      "std::bad_alloc",
    ])
      assert.ok(isOutOfMemory(new Error(message)), message);
    assert.ok(!isOutOfMemory(new Error("Got invalid dimensions for input: tokens")));
    assert.ok(!isOutOfMemory("out of memory"));
  });

  it("halves the batch of an evaluation, goes on with the same window and says so", async () => {
    const { config, shapes, weights } = tinyModel();
    const [context, count] = [8, 11];
    const windows = Int32Array.from({ length: context * count }, (_, i) => (i * i + 3 * i) % config.vocabSize);
    const plain = await createEvaluator(config, shapes, { context, batch: 2 });
    const expected = await plain.score(weights, windows, count);
    await plain.release();

    const notes: string[] = [];
    const made: number[] = [];
    const done: number[] = [];
    let runs = 0;
    const evaluator = await createEvaluator(
      config,
      shapes,
      { context, batch: 9, warn: (note) => notes.push(note) },
      async (config, shapes, options) => {
        const scorer = await createTokenScorer(config, shapes, options);
        made.push(scorer.batch);
        // A batch of 9 does not fit at all; one of 4 fits once.
        const fits = () => scorer.batch <= 2 || (scorer.batch === 4 && runs++ === 0);
        const run: typeof scorer.run = (feeds) =>
          fits() ? scorer.run(feeds) : Promise.reject(new Error("CUDA failure 2: out of memory"));
        return { ...scorer, run };
      },
    );
    const losses = await evaluator.score(weights, windows, count, (n) => done.push(n));
    await evaluator.release();
    assert.deepEqual(made, [9, 4, 2]);
    assert.deepEqual(done, [4, 6, 8, 10, 11]);
    assert.deepEqual(notes, [
      "evaluation: out of memory with a batch of 9; went on with 4",
      "evaluation: out of memory with a batch of 4; went on with 2",
    ]);
    for (const [i, loss] of losses.entries()) assert.ok(Math.abs(loss - expected[i]!) < 1e-6, `window ${i}`);
  });

  it("is the user's error where a batch of one does not fit; other errors pass as they are", async () => {
    const none = shrinking("evaluation", 2, () => Promise.reject(new Error("out of memory")));
    await assert.rejects(
      none.use(async () => {}),
      (error) => error instanceof UserError && /batch of 1/.test(error.message),
    );
    const broken = shrinking("evaluation", 2, () => Promise.reject(new Error("no such operator")));
    await assert.rejects(
      broken.use(async () => {}),
      /no such operator/,
    );
  });
});
