import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import { compareWithPaper } from "../../hwmodel/compareWithPaper.ts";
import { PUBLISHED_FIGURES } from "../../hwmodel/publishedFigures.ts";

describe("compareWithPaper", () => {
  const { rows, calibration, meanError } = compareWithPaper();

  it("has the paper's ten rows, two of them fitted", () => {
    assert.equal(rows.length, 10);
    assert.deepEqual(
      rows.filter((row) => !row.multiplierHeldOut).map((row) => row.format),
      ["int4", "int5"],
    );
    const e2m1 = rows.find((row) => row.format === "e2m1")!;
    assert.deepEqual(e2m1.paper, { multiplierUm2: 79.7, accumulatorUm2: 90.7, macUm2: 170.4 });
    assert.equal(e2m1.losslessBits, 17);
  });

  it("reproduces the accumulators within 3 % with one constant, held out too", () => {
    assert.ok(meanError.accumulator < 0.03, `${meanError.accumulator}`);
    assert.ok(meanError.accumulatorHeldOut < 0.03, `${meanError.accumulatorHeldOut}`);
    assert.ok(calibration.um2PerGe > 0.45 && calibration.um2PerGe < 0.55);
  });

  it("reproduces all ten MACs within 6.1 % on average, and those not fitted within 7.5 %", () => {
    assert.ok(meanError.mac < 0.061, `${meanError.mac}`);
    assert.ok(meanError.macHeldOut < 0.075, `${meanError.macHeldOut}`);
    assert.ok(meanError.multiplierHeldOut < 0.15, `${meanError.multiplierHeldOut}`);
    for (const row of rows) assert.ok(Math.abs(row.error.mac) < 0.18, `${row.format}: ${row.error.mac}`);
  });

  it("states its two constants", () => {
    assert.match(calibration.statement, /0\.\d{4} um2 per gate equivalent.* ten accumulators; \d+\.\d GE added/);
  });

  it("names a format or library it cannot compare", () => {
    assert.throws(() => compareWithPaper("ihp130"), UserError);
    assert.throws(() => compareWithPaper("tsmc3"), /library tsmc3: unknown/);
  });
});

describe("published figures", () => {
  it("have a source each, and say which were not read in it", () => {
    assert.ok(PUBLISHED_FIGURES.length > 90);
    for (const { design, value, source, unit } of PUBLISHED_FIGURES) {
      assert.ok(value > 0 && source.length > 10 && unit.length > 1, design);
    }
    const unverified = PUBLISHED_FIGURES.filter((figure) => !figure.verified);
    assert.ok(unverified.some((figure) => /Horowitz/.test(figure.source)));
    assert.ok(unverified.some((figure) => figure.design === "ANT"));
    const mac = PUBLISHED_FIGURES.find((f) => f.quantity === "mac area" && f.design === "e2m1+sp")!;
    assert.deepEqual([mac.value, mac.unit, mac.verified], [218, "um2", true]);
  });
});
