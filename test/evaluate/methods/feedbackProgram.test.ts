import assert from "node:assert/strict";
import { feedbackProgram, LANES } from "../../../evaluate/methods/feedbackProgram.ts";

describe("feedbackProgram", () => {
  it("adds, lane by lane, the gains times the errors of the columns asked for", () => {
    const { value, error, gains, add } = feedbackProgram(4);
    value.fill(100);
    error.forEach((_, i) => {
      error[i] = 10 ** Math.floor(i / LANES) * (i % LANES);
    });
    gains.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 5, 7]);
    add("gains", 3, 1, 3);
    // 100 + (3 · 10 + 5 · 100) times the lane's number; column 0 and column 3 itself are not asked for.
    assert.deepEqual([...value.slice(3 * LANES, 3 * LANES + 3)], [100, 630, 1160]);
    assert.equal(value[4 * LANES - 1], 100 + 15 * 530);
    assert.deepEqual(new Set(value.slice(0, 3 * LANES)), new Set([100]));
  });

  it("adds the drifts times the values themselves, and nothing for no columns", () => {
    const { value, drifts, add } = feedbackProgram(2);
    value.fill(3);
    drifts.set([0, 0, 0.5, 0]);
    add("drifts", 1, 0, 0);
    assert.equal(value[LANES], 3);
    add("drifts", 1, 0, 1);
    assert.equal(value[LANES], 4.5);
    assert.equal(value[0], 3);
  });

  it("refuses blocks wider than its memory", () => {
    assert.throws(() => feedbackProgram(513), /513 columns, at most 512/);
  });
});
