import assert from "node:assert/strict";
import { getElement } from "../../formats/index.ts";
import { accumulatorGe, numbers } from "../../hwmodel/analytic.ts";
import { areaOf } from "../../hwmodel/cells.ts";
import { CELLS, type Cells, MODEL_ERROR, macTable, structures } from "../../hwmodel/index.ts";
import { multipliers } from "../../hwmodel/multiplier.ts";

const rows = macTable().filter(({ library }) => library === "generic");
const ge = (weight: string, activation = weight) => {
  const best = structures(getElement(weight), getElement(activation), 256)[0]!;
  return best.multiplierGe + best.accumulatorGe;
};
const meanSize = (e: number[]) => e.reduce((s, x) => s + Math.abs(x), 0) / e.length;
const rms = (e: number[]) => Math.sqrt(e.reduce((s, x) => s + x * x, 0) / e.length);

describe("the count model against synthesis", () => {
  it("has 2.1 % mean and at most 6 % error over the 64 synthesized MACs", () => {
    const e = rows.map(({ weight, activation, areaGe }) => ge(weight, activation) / areaGe - 1);
    assert.equal(e.length, 64);
    assert.ok(meanSize(e) < 0.021, `mean ${meanSize(e)}`);
    assert.ok(Math.max(...e.map(Math.abs)) < 0.06, `worst ${Math.max(...e.map(Math.abs))}`);
  });

  it("errs by the stated error on formats it was not fitted to: 34 weight formats left out in turn", () => {
    const pairs = rows.map((row) => {
      const [a, b] = [numbers(getElement(row.weight)), numbers(getElement(row.activation))];
      return { row, bits: row.accumulatorBits, multipliers: multipliers(a.operand, b.operand) };
    });
    const error = ({ row, bits, multipliers: all }: (typeof pairs)[number], cells: Cells) =>
      Math.min(...all.map((m) => areaOf(m.counts, cells) + accumulatorGe(bits, m, cells))) / row.areaGe - 1;
    const grid = [0.8, 0.9, 1, 1.1, 1.2].flatMap((shift) =>
      [0.4, 0.5, 0.6, 0.7, 0.8].flatMap((gate) =>
        [1.3, 1.4, 1.5, 1.6, 1.7].map((mux): Cells => ({ ...CELLS, shift, gate, mux })),
      ),
    );
    const errorsAt = grid.map((cells) => pairs.map((pair) => error(pair, cells)));
    const best = (kept: (i: number) => boolean) => {
      const sizes = errorsAt.map((all) => rms(all.filter((_, i) => kept(i))));
      return errorsAt[sizes.indexOf(Math.min(...sizes))]!;
    };
    const formats = [...new Set(rows.map(({ weight }) => weight))];
    assert.equal(formats.length, 34);
    const held = formats.flatMap((id) => {
      const out = (i: number) => rows[i]!.weight === id || rows[i]!.activation === id;
      const found = best((i) => !out(i));
      return found.filter((_, i) => rows[i]!.weight === id);
    });
    assert.equal(held.length, 64);
    const figures = `mean ${meanSize(held)}, rms ${rms(held)}, least ${Math.min(...held)}, most ${Math.max(...held)}`;
    assert.ok(meanSize(held) < 0.0205 && Math.min(...held) > -0.055 && Math.max(...held) < 0.056, figures);
    assert.ok(Math.abs(rms(held) / MODEL_ERROR - 1) < 0.06, figures);
    // The coefficients in use are those fitted to all.
    const all =
      errorsAt[
        grid.findIndex(({ shift, gate, mux }) => shift === CELLS.shift && gate === CELLS.gate && mux === CELLS.mux)
      ]!;
    assert.equal(rms(all), rms(best(() => true)));
  });

  it("counts the accumulators of twelve formats within 1 % of synthesis", () => {
    const measured: [string, number][] = [
      ["int4", 173],
      ["e2m1", 202],
      ["e2m1+sr", 215],
      ["e2m1+sp", 202],
      ["apot4", 189],
      ["apot4+sp", 189],
      ["e3m0", 267],
      ["int5", 195],
      ["e2m1-i", 280],
      ["e2m1-b", 306],
      ["e1m2", 176],
      ["int3", 151],
    ];
    for (const [id, area] of measured) {
      const found = structures(getElement(id), getElement(id), 256)[0]!.accumulatorGe;
      assert.ok(Math.abs(found / area - 1) < 0.01, `${id}: ${found} vs ${area}`);
    }
  });

  it("orders integers by width: int3 < int4 < int5 < int6 < int8, alone and against INT8", () => {
    const ids = ["int3", "int4", "int5", "int6", "int8"];
    for (const other of [null, "int8"]) {
      const areas = ids.map((id) => ge(id, other ?? id));
      for (let i = 1; i < areas.length; i++) assert.ok(areas[i]! > areas[i - 1]!, `${ids[i]} x ${other}`);
    }
  });

  it("is symmetric in its operands and grows with the number of terms", () => {
    for (const { weight, activation } of rows) {
      assert.ok(Math.abs(ge(weight, activation) - ge(activation, weight)) < 1e-9);
    }
    const at = (terms: number) => structures(getElement("e2m1"), getElement("e2m1"), terms)[0]!.accumulatorGe;
    assert.ok(at(16) < at(256) && at(256) < at(4096));
  });

  it("chooses the structures that synthesis found best", () => {
    const variant = (w: string, a = w) => structures(getElement(w), getElement(a), 256)[0]!.variant;
    assert.equal(variant("int4"), "two's complement");
    assert.equal(variant("e2m3"), "float shift");
    assert.equal(variant("e3m0"), "log");
    assert.equal(variant("e1m2"), "sign-magnitude");
    assert.equal(variant("apot4", "int8"), "APoT shift-add");
    assert.equal(variant("e2m1", "int8"), "integer times significand, shifted");
    assert.match(variant("sf4"), /^both via LUT to INT8/);
    assert.match(variant("sf4", "int8"), /^weight via LUT to INT8/);
    assert.match(variant("int8", "nf4"), /^activation via LUT to INT8/);
  });
});
