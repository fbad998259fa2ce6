import assert from "node:assert/strict";
import { meanAndError, pairedDifference, perplexityOf } from "../../../evaluate/tasks/index.ts";

const near = (actual: number | null, expected: number, tolerance = 1e-12) => {
  assert.notEqual(actual, null);
  assert.ok(Math.abs(actual! - expected) <= tolerance * Math.abs(expected), `${actual} is not ${expected}`);
};

describe("statistics", () => {
  // Literals from CPython's statistics.fmean and statistics.stdev (n - 1) of these six losses.
  const losses = [2.1, 2.3, 1.9, 2.6, 2.05, 2.4];

  it("perplexity is exp of the mean window loss, its error by the delta method over windows", () => {
    const result = perplexityOf(losses);
    near(result.loss, 2.225);
    near(result.lossSigma, 0.1046820583162814);
    near(result.perplexity, 9.253482803906893);
    near(result.perplexitySigma, 0.9686736265072885);
    assert.equal(result.n, 6);
    assert.equal(result.reason, undefined);
  });

  it("one window has a perplexity, a null error and the reason", () => {
    const result = perplexityOf([Math.log(7)]);
    near(result.perplexity, 7);
    assert.equal(result.perplexitySigma, null);
    assert.match(result.reason!, /one window/);
  });

  it("a NaN, an infinite and an overflowing loss give null with the reason, never NaN", () => {
    assert.deepEqual(perplexityOf([1, Number.NaN, 2]).perplexity, null);
    assert.equal(perplexityOf([1, Number.NaN, 2]).reason, "divergent: the loss of window 2 of 3 is NaN");
    assert.match(perplexityOf([Number.POSITIVE_INFINITY]).reason!, /window 1 of 1 is Infinity/);
    assert.match(perplexityOf([800, 801]).reason!, /overflows/);
    assert.equal(perplexityOf([709, 0, 1418]).perplexitySigma, null);
    assert.equal(perplexityOf([]).reason, "no window was scored");
  });

  it("keeps the spread of numbers that share their leading digits", () => {
    // Differences of 2^-20 around 1e6: exact in binary; a one-pass variance loses them all.
    const result = meanAndError([1e6 - 2 ** -20, 1e6, 1e6 + 2 ** -20]);
    near(result.sigma, 2 ** -20 / Math.sqrt(3), 1e-9);
  });

  it("a paired difference is about windows: common difficulty cancels", () => {
    const other = [2.15, 2.38, 1.93, 2.66, 2.11, 2.43];
    const result = pairedDifference(other, losses);
    near(result.mean, 0.051666666666666715, 1e-9);
    near(result.sigma, 0.007923242882669799, 1e-9);
    near(result.z, 6.520899009630918, 1e-9);
    assert.ok(result.sigma! < perplexityOf(losses).lossSigma! / 10);
  });

  it("a difference without spread, of one window, or of divergent runs has no z and says why", () => {
    assert.deepEqual(pairedDifference([1, 2], [1, 2]), {
      mean: 0,
      sigma: 0,
      n: 2,
      z: null,
      reason: "the difference is the same in every window",
    });
    assert.deepEqual(pairedDifference([3], [1]).mean, 2);
    assert.match(pairedDifference([3], [1]).reason!, /one window/);
    assert.match(pairedDifference([1, Number.NaN], [1, 1]).reason!, /window 2 of 2/);
    assert.throws(() => pairedDifference([1, 2], [1]), { name: "UserError", message: /2 windows against 1/ });
  });
});
