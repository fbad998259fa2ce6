import assert from "node:assert/strict";
import { kMeans, learnedCodebooks } from "../../fitting/index.ts";
import { uniforms } from "./samples.ts";

/** Least squared error over all divisions of at most ten sorted points into k intervals, by trying each. */
function bruteForce(points: readonly [value: number, weight: number][], k: number): number {
  const cost = (from: number, to: number) => {
    let [w, s, q] = [0, 0, 0];
    for (const [x, weight] of points.slice(from, to)) {
      w += weight;
      s += weight * x;
      q += weight * x * x;
    }
    return w > 0 ? q - (s * s) / w : 0;
  };
  const rest = (from: number, k: number): number => {
    if (k === 1) return cost(from, points.length);
    let best = Number.POSITIVE_INFINITY;
    for (let to = from; to <= points.length; to++) best = Math.min(best, cost(from, to) + rest(to, k - 1));
    return best;
  };
  return rest(0, k);
}

describe("kMeans", () => {
  it("equals exhaustive search on 300 small weighted problems with ties and zero weights", () => {
    const uniform = uniforms(51);
    for (let trial = 0; trial < 300; trial++) {
      const n = 2 + Math.floor(uniform() * 8);
      const k = 1 + Math.floor(uniform() * 4);
      const values = Array.from({ length: n }, () => Math.round(uniform() * 12) / 4 - 1);
      const weights = values.map((_, i) => (i > 0 && uniform() < 0.2 ? 0 : uniform()));
      const kept = values.flatMap((x, i): [number, number][] => (weights[i]! > 0 ? [[x, weights[i]!]] : []));
      kept.sort((a, b) => a[0] - b[0]);
      const found = kMeans(values, k, weights);
      assert.ok(Math.abs(found.squaredError - bruteForce(kept, k)) < 1e-12, `trial ${trial}`);
      assert.ok(found.values.every((x, i) => i === 0 || x > found.values[i - 1]!));
    }
  });

  it("finds what Lloyd's iteration from the extremes misses", () => {
    // Four far groups, one of them wide: a bad start splits a tight group.
    const values = [0, 0.1, 0.2, 10, 10.1, 10.2, 20, 20.1, 30, 33, 36];
    const { values: means, squaredError } = kMeans(values, 5);
    assert.deepEqual(
      [...means].map((x) => Number(x.toFixed(6))),
      [0.1, 10.1, 20.05, 30, 34.5],
    );
    assert.equal(Number(squaredError.toFixed(6)), 4.545);
  });

  it("keeps its digits on values far from zero", () => {
    const { values, squaredError } = kMeans([1e8, 1e8 + 1, 1e8 + 10, 1e8 + 11], 2);
    assert.deepEqual([...values], [1e8 + 0.5, 1e8 + 10.5]);
    assert.equal(squaredError, 1);
  });

  it("fewer distinct values than clusters are the values themselves", () => {
    const { values, squaredError } = kMeans([3, 1, 3, 2, 1], 16);
    assert.deepEqual([[...values], squaredError], [[1, 2, 3], 0]);
  });

  it("refuses NaN, infinity, no values, wrong weights and numbers of clusters out of range", () => {
    assert.throws(() => kMeans([1, Number.NaN, 2], 2), { name: "UserError", message: /NaN at index 1/ });
    assert.throws(() => kMeans([1, Number.NEGATIVE_INFINITY], 2), /-Infinity at index 1/);
    assert.throws(() => kMeans([1, Number.NaN], 2, [1, 0]), /NaN at index 1/);
    assert.throws(() => kMeans([], 2), /no values/);
    assert.throws(() => kMeans([1, 2], 2, [1]), /1 weights for 2 values/);
    assert.throws(() => kMeans([1, 2], 2, [1, -1]), /weight -1 at index 1/);
    assert.throws(() => kMeans([1, 2], 2, [0, 0]), /no value with a weight above 0/);
    for (const k of [0, 257, 1.5]) assert.throws(() => kMeans([1, 2], k), /clusters; expected a whole number/);
    assert.throws(() => kMeans({ length: 2 ** 31 }, 16), /at most 16777216 values/);
  });
});

describe("learnedCodebooks", () => {
  it("has a codebook a row, and pads a row of few distinct values with its last", () => {
    const { values, squaredError } = learnedCodebooks(Float32Array.of(1, 1, 5, 5, 0, 2, 4, 4.5), 2, 4, 3);
    assert.deepEqual([...values], [1, 5, 5, 0, 2, 4.25]);
    assert.deepEqual([...squaredError], [0, 0.125]);
  });

  it("column weights draw the levels to the columns that count", () => {
    const row = Float32Array.of(0, 1, 10, 11);
    assert.deepEqual([...learnedCodebooks(row, 1, 4, 2).values], [0.5, 10.5]);
    assert.deepEqual([...learnedCodebooks(row, 1, 4, 2, [9, 1, 1, 3]).values], [Math.fround(0.1), 10.75]);
  });

  it("names the row that holds NaN, and refuses wrong sizes", () => {
    const bad = new Float32Array(8).fill(1);
    bad[5] = Number.NaN;
    assert.throws(() => learnedCodebooks(bad, 2, 4, 2), { name: "UserError", message: /row 1: NaN at index 1/ });
    assert.throws(() => learnedCodebooks(bad, 3, 4, 2), /8 numbers, expected 3 × 4/);
    assert.throws(() => learnedCodebooks(bad, 2, 4, 0), /0 levels/);
  });
});
