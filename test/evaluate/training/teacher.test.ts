import assert from "node:assert/strict";
import { createEvaluator } from "../../../evaluate/scoring/evaluator.ts";
import { graphTeacher } from "../../../evaluate/training/index.ts";
import { GAMMA_BATCHES } from "../../../evaluate/training/teacher.ts";
import { tinyModel, tinyText } from "./tiny.ts";

const { config, shapes, weights } = tinyModel();
const teacher = graphTeacher(config, shapes, weights, { threads: 1 });

describe("γ of CAKLD", () => {
  it("of labels is the mean probability of the next token", async () => {
    // Windows of one prediction, whose probability is e to minus their loss.
    const data = tinyText(config.vocabSize, 6, 2);
    const evaluator = await createEvaluator(config, shapes, { context: 2, batch: 2, threads: 1 });
    const losses = await evaluator.score(weights, data.windows, data.count);
    await evaluator.release();
    const expected = losses.reduce((sum, loss) => sum + Math.exp(-loss), 0) / data.count;
    assert.ok(Math.abs((await teacher.gamma("label", data, 2)) - expected) < 1e-6);
  });

  it("of favourites is at least that, and counts a batch too many in the code", async () => {
    const [batch, context] = [2, 9];
    const data = tinyText(config.vocabSize, batch * (GAMMA_BATCHES + 1), context);
    const [label, largest, code] = [
      await teacher.gamma("label", data, batch),
      await teacher.gamma("maxprob", data, batch),
      await teacher.gamma("maxprob-code", data, batch),
    ];
    assert.ok(largest > label && largest < 1);
    const from = batch * GAMMA_BATCHES * context;
    const last = await teacher.gamma("maxprob", { windows: data.windows.subarray(from), count: batch, context }, batch);
    assert.ok(Math.abs(code - (largest + last / GAMMA_BATCHES)) < 1e-6, `${code} ${largest} ${last}`);
  });
});
