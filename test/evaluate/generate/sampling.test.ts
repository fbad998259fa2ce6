import assert from "node:assert/strict";
import { isDegenerate, repeatedShare } from "../../../evaluate/generate/degenerate.ts";
import { sample } from "../../../evaluate/generate/sampling.ts";
import { uniforms } from "../../random.ts";

/** Logits of probabilities 0.1, 0.4, 0.2, 0.3. */
const logits = Float32Array.of(0.1, 0.4, 0.2, 0.3).map(Math.log);
const all = { temperature: 1, topK: 0, topP: 1 };

function shares(options: typeof all, draws = 20_000): number[] {
  const random = uniforms(1);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < draws; i++) counts[sample(logits, options, random())]!++;
  return counts.map((count) => count / draws);
}

function near(actual: readonly number[], expected: readonly number[]): void {
  actual.forEach((share, i) => {
    assert.ok(Math.abs(share - expected[i]!) < 0.012, `${actual} against ${expected}`);
  });
}

describe("sample", () => {
  it("draws tokens with their probabilities", () => near(shares(all), [0.1, 0.4, 0.2, 0.3]));

  it("sharpens them by the temperature, down to the most likely token alone", () => {
    // Squares of the probabilities, over their sum 0.3.
    near(shares({ ...all, temperature: 0.5 }), [1 / 30, 16 / 30, 4 / 30, 9 / 30]);
    assert.deepEqual(shares({ ...all, temperature: 0 }, 100), [0, 1, 0, 0]);
  });

  it("keeps the k most likely, and the fewest that reach the probability p", () => {
    near(shares({ ...all, topK: 2 }), [0, 4 / 7, 0, 3 / 7]);
    near(shares({ ...all, topP: 0.75 }), [0, 4 / 9, 2 / 9, 3 / 9]);
    near(shares({ ...all, topK: 3, topP: 0.5 }), [0, 4 / 7, 0, 3 / 7]);
    assert.deepEqual(shares({ ...all, topP: 0 }, 100), [0, 1, 0, 0]);
  });

  it("ends with the last token where the draw is all but 1, and refuses logits that are none", () => {
    assert.equal(sample(logits, all, 1 - 2 ** -53), 3);
    assert.throws(() => sample(Float32Array.of(Number.NaN, 1), all, 0.5), /largest logit is NaN/);
  });
});

describe("isDegenerate", () => {
  it("counts the runs of four tokens that stood before", () => {
    assert.equal(repeatedShare([1, 2, 3, 4, 5, 6]), 0);
    // Six runs, of which 1 2 1 2 and 2 1 2 1 are the only distinct ones.
    assert.equal(repeatedShare([1, 2, 1, 2, 1, 2, 1, 2, 1]), 1 - 2 / 6);
    assert.equal(isDegenerate([1, 2, 1, 2, 1, 2, 1, 2, 1]), true);
    assert.equal(isDegenerate(Array.from({ length: 40 }, (_, i) => i % 25)), false);
    assert.equal(isDegenerate([1, 2, 3, 4]), true);
  });
});
