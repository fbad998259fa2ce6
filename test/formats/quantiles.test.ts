import assert from "node:assert/strict";
import { normalQuantile, studentQuantile, studentTail } from "../../formats/quantiles.ts";
import { formatsGolden } from "./golden.ts";

const close = (actual: number, expected: number, relative: number, what: string) =>
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${what}: ${actual}, expected ${expected}`);

describe("quantiles", () => {
  const golden = formatsGolden();

  it("normalQuantile agrees with 60-digit arithmetic to 3e-15", () => {
    for (const [p, x] of golden.normalQuantile) close(normalQuantile(p), x, 3e-15, `p=${p}`);
  });

  it("studentQuantile agrees with 60-digit arithmetic to 1e-14 from nu=0.5 to 1000", () => {
    assert.equal(golden.studentQuantile.length, 64);
    for (const [p, nu, t] of golden.studentQuantile) close(studentQuantile(p, nu), t, 1e-14, `p=${p}, nu=${nu}`);
  });

  it("studentQuantile equals the closed forms of nu=1 and nu=2", () => {
    for (const p of [0.001, 0.1, 0.3, 0.5, 0.77, 0.9677]) {
      assert.ok(Math.abs(studentQuantile(p, 1) - Math.tan(Math.PI * (p - 0.5))) <= 1e-12 * Math.abs(1 / (p * (1 - p))));
      const two = (2 * p - 1) / Math.sqrt(2 * p * (1 - p));
      assert.ok(Math.abs(studentQuantile(p, 2) - two) <= 1e-14 * Math.max(1, Math.abs(two)), `p=${p}`);
    }
  });

  it("studentTail gives the 2.5 % points of the printed tables", () => {
    for (const [nu, t] of [
      [1, 12.706204736432095],
      [5, 2.5705818356363146],
      [30, 2.0422724563012373],
    ] as const) {
      close(studentTail(t, nu), 0.025, 1e-9, `nu=${nu}`);
    }
  });

  it("probabilities outside (0,1) and impossible nu are refused", () => {
    for (const p of [0, 1, -0.1, Number.NaN]) {
      assert.throws(() => normalQuantile(p), { name: "UserError", message: /probability/ });
      assert.throws(() => studentQuantile(p, 5), { name: "UserError" });
    }
    for (const nu of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => studentQuantile(0.2, nu), { name: "UserError", message: /degrees of freedom/ });
    }
    assert.throws(() => studentQuantile(1e-6, 0.001), { name: "UserError", message: /beyond/ });
  });
});
