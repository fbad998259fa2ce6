import assert from "node:assert/strict";
import { costOfPair, parseOperand, tabulatedUnit, unitTable } from "../../hwmodel/synthesis/index.ts";
import { parseUnit } from "../../hwmodel/unit.ts";
import { UNIT_MODEL_ERROR, unitCost } from "../../hwmodel/unitCost.ts";

describe("the committed table of units", () => {
  it("answers without Yosys, under any id of the same circuit, and says what was tried", () => {
    const unit = parseUnit("block", 32);
    const cost = tabulatedUnit(parseOperand("mxfp4"), parseOperand("mxfp4"), unit, "generic")!;
    // An independent generator at 45 nm found 166 GE (facts of the project).
    assert.ok(Math.abs(cost.areaGe / 166 - 1) < 0.08, `${cost.areaGe}`);
    assert.match(cost.source, /proven over all pairs of codes at each of 32 elements/);
    const wide = parseUnit("mac", 128, "float32");
    const fp16 = tabulatedUnit(parseOperand("fp16"), parseOperand("fp16"), wide, "generic")!;
    assert.match(fp16.source, /tested over \d+ of 4294967296 pairs of codes/);
    const [coarse, fine] = (["int8", "fp16"] as const).map(
      (table) => tabulatedUnit(parseOperand("nf4@g64"), parseOperand("fp16"), wide, "generic", { table })!,
    );
    assert.ok(fine!.areaGe > coarse!.areaGe + 200);
    assert.equal(tabulatedUnit(parseOperand("int7"), parseOperand("fp16"), wide, "generic"), null);
  });

  it("has weights of 3 to 8 bits times FP16: 6 to 10 times an INT4 MAC", async () => {
    const int4 = (await costOfPair("int4", "int4")).areaGe;
    for (const row of unitTable().filter(
      ({ activation, unit, library }) => activation === "fp16" && unit.elements === 1 && library === "generic",
    )) {
      assert.ok(row.areaGe > 6 * int4 && row.areaGe < 10.5 * int4, `${row.weight} ${row.areaGe}`);
      assert.ok(row.codePairs > 500_000, row.weight);
    }
  });

  it("is within the stated error of the count model, whose multiplexer was fitted to the MACs alone", () => {
    const errorsOf = (single: boolean) =>
      unitTable()
        .filter(({ library, unit }) => library === "generic" && (unit.elements === 1) === single)
        .map((row) => {
          const tensor = row.unit.scaled && !row.activation.includes("@") && row.activation === "int8";
          const activation = parseOperand(tensor ? "int8@tensor" : row.activation);
          return unitCost(parseOperand(row.weight), activation, row.unit, { table: row.table }).areaGe / row.areaGe - 1;
        });
    const rms = (e: number[]) => Math.sqrt(e.reduce((sum, x) => sum + x * x, 0) / e.length);
    const [macs, units] = [errorsOf(true), errorsOf(false)];
    assert.ok(macs.length > 15 && units.length > 20);
    assert.ok(rms(macs) < UNIT_MODEL_ERROR && rms(units) < UNIT_MODEL_ERROR, `${rms(macs)} ${rms(units)}`);
    assert.ok(rms(units) > 0.7 * UNIT_MODEL_ERROR, `${rms(units)}`);
  });
});
