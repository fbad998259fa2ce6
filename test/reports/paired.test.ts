import assert from "node:assert/strict";
import { pairedDifference } from "../../reports/paired.ts";

describe("pairedDifference", () => {
  it("pairedDifference(a, b) is the mean of a − b with sd/√n", () => {
    // Differences 1, 2, 3, 4, 5: mean 3, variance 2.5, standard error √(2.5/5) = 0.70710678.
    const { mean, sigma, n } = pairedDifference([11, 22, 33, 44, 55], [10, 20, 30, 40, 50]);
    assert.equal(mean, 3);
    assert.ok(Math.abs(sigma - Math.SQRT1_2) < 1e-15);
    assert.equal(n, 5);
  });

  it("pairedDifference(a, b) of Student's sleep data agrees with R's t.test(paired = TRUE)", () => {
    // datasets::sleep (Cushny & Peebles 1905): mean difference −1.58, t = −4.0621, so sigma = 0.388959.
    const drug1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const drug2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const { mean, sigma } = pairedDifference(drug1, drug2);
    assert.ok(Math.abs(mean - -1.58) < 1e-12);
    assert.ok(Math.abs(mean / sigma - -4.0621) < 5e-5);
  });

  it("pairedDifference(a, a) is exactly 0 ± 0", () => {
    assert.deepEqual(pairedDifference([3.1, 2.7], [3.1, 2.7]), { mean: 0, sigma: 0, n: 2 });
  });

  it("pairedDifference(a, b) refuses unequal lengths and fewer than two pairs", () => {
    assert.throws(() => pairedDifference([1, 2], [1, 2, 3]), /2 windows against 3/);
    assert.throws(() => pairedDifference([1], [2]), /at least 2/);
  });
});
