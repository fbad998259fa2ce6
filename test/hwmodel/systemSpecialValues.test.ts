import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import { fakeQuantize, parseFormat } from "../../formats/index.ts";
import { sampler } from "../../hwmodel/netlist/index.ts";
import { defaultSpecialValues, specialValueSweep } from "../../hwmodel/system/index.ts";

describe("specialValueSweep", () => {
  it("tries 0.25 to 16 in steps of 0.25 where E2M1 has no value yet", () => {
    const values = defaultSpecialValues();
    assert.equal(values.length, 64 - 7);
    assert.deepEqual(values.slice(0, 3), [0.25, 0.75, 1.25]);
    assert.equal(values.at(-1), 16);
    assert.ok(!values.includes(0.5) && !values.includes(6));
  });

  it("finds the paper's +8 near the optimum on t(5), and +5 a smaller gain for a smaller accumulator", () => {
    const [e2m1, five, eight, sixteen] = specialValueSweep({ values: [5, 8, 16] });
    assert.equal(e2m1!.value, null);
    assert.equal(e2m1!.mseRatio, 1);
    assert.equal(e2m1!.mseRatioSigma, 0);
    assert.ok(eight!.mseRatio < 0.86 && eight!.mseRatio > 0.78, `${eight!.mseRatio}`);
    assert.ok(five!.mseRatio < 0.98 && five!.mseRatio > eight!.mseRatio + 3 * eight!.mseRatioSigma);
    assert.ok(sixteen!.mseRatio > 1.3);
    assert.deepEqual(
      [e2m1, five, eight].map((p) => p!.cost.accumulatorBits),
      [17, 17, 18],
    );
    assert.ok(eight!.cost.areaGe > e2m1!.cost.areaGe);
  });

  it("agrees with the registry's e2m1+sr on the same numbers", () => {
    const [, eight] = specialValueSweep({ values: [8], groups: 16, group: 32, seed: 4 });
    const numbers = Float32Array.from({ length: 512 }, sampler({ nu: 5, location: 0, scale: 1 }, 4));
    const error = fakeQuantize(numbers, 16, 32, parseFormat("e2m1+sr@g32"), new Float32Array(512));
    assert.ok(Math.abs(eight!.mse - error.sumSquaredError / error.sumSquares) < 1e-12);
  });

  it("gives standard errors that shrink with more numbers", () => {
    const sigma = (groups: number) => specialValueSweep({ nu: 30, values: [8], groups })[1]!.mseSigma;
    assert.ok(sigma(1024) < 0.7 * sigma(64));
  });

  it("rejects values that are no extra ones, and sizes that are none", () => {
    for (const value of [0, 6, -0.5, Number.NaN, Number.POSITIVE_INFINITY, 61])
      assert.throws(() => specialValueSweep({ values: [value] }), UserError, `${value}`);
    assert.throws(() => specialValueSweep({ groups: 17 }), /groups a multiple of 16/);
    assert.throws(() => specialValueSweep({ groups: 2 ** 20 }), /over 16777216 numbers/);
    assert.throws(() => specialValueSweep({ nu: -1 }), UserError);
  });
});
