import assert from "node:assert/strict";
import { digamma, lgamma, normalCdf, studentTCdf, studentTLogPdf, trigamma } from "../../fitting/index.ts";
import { golden } from "./golden.ts";

const near = (actual: number, expected: number, relative: number, what: string) =>
  assert.ok(
    Math.abs(actual - expected) <= relative * Math.max(1e-300, Math.abs(expected)),
    `${what}: ${actual} vs ${expected}`,
  );

describe("special functions of the fits", () => {
  const g = golden().special;

  it("lgamma, digamma and trigamma agree with scipy to 1e-13", () => {
    g.x.forEach((x, i) => {
      assert.ok(Math.abs(lgamma(x) - g.lgamma[i]!) <= 2e-14 * Math.max(1, Math.abs(g.lgamma[i]!)), `lgamma(${x})`);
      assert.ok(Math.abs(digamma(x) - g.digamma[i]!) <= 2e-14 * Math.max(1, Math.abs(g.digamma[i]!)), `digamma(${x})`);
      near(trigamma(x), g.trigamma[i]!, 1e-13, `trigamma(${x})`);
    });
  });

  it("normalCdf keeps twelve digits even twelve sigmas out", () => {
    g.z.forEach((z, i) => {
      near(normalCdf(z), g.normalCdf[i]!, 1e-12, `normalCdf(${z})`);
    });
    assert.equal(normalCdf(Number.NEGATIVE_INFINITY), 0);
    assert.equal(normalCdf(Number.POSITIVE_INFINITY), 1);
  });

  it("the t's distribution and density agree with scipy for nu from 0.5 to 400", () => {
    for (const [nu, t, cdf, logPdf] of g.t) {
      near(studentTCdf(nu)(t), cdf, 1e-12, `cdf(${t}; ${nu})`);
      near(studentTLogPdf(nu)(t), logPdf, 1e-12, `logPdf(${t}; ${nu})`);
    }
    assert.equal(studentTCdf(3)(Number.NEGATIVE_INFINITY), 0);
    assert.equal(studentTCdf(3)(Number.POSITIVE_INFINITY), 1);
  });
});
