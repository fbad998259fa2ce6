import assert from "node:assert/strict";
import { count, significant, withSigma } from "../../reports/numbers.ts";

describe("numbers", () => {
  it("withSigma(value, sigma) shows two digits of the error", () => {
    assert.equal(withSigma(0.012345, 0.000456), "0.01235 ± 0.00046");
    assert.equal(withSigma(-0.02, 0.13), "−0.02 ± 0.13");
    assert.equal(withSigma(123.456, 12.3), "123 ± 12");
    assert.equal(withSigma(12.34, null), "12.34");
    assert.equal(withSigma(0, 0), "0");
  });

  it("withSigma(null, sigma) and significant(null) are a dash, never 0 or NaN", () => {
    assert.equal(withSigma(null, null), "–");
    assert.equal(significant(null), "–");
    assert.equal(significant(Number.NaN), "–");
  });

  it("significant(value, digits) keeps digits, with an exponent only at the extremes", () => {
    assert.equal(significant(4.125), "4.125");
    assert.equal(significant(0.00012345, 3), "0.000123");
    assert.equal(significant(262), "262.0");
    assert.equal(significant(1.5e-9, 2), "1.5e-9");
    assert.equal(significant(0), "0");
  });

  it("count(value) groups thousands", () => {
    assert.equal(count(1234567), "1,234,567");
    assert.equal(count(96), "96");
  });
});
