import assert from "node:assert/strict";
import { listElements, listFormats } from "../../formats/index.ts";
import { formatSheet, formatTable, renderSheet } from "../../formats/sheets/index.ts";

describe("formatSheet", () => {
  it("states E2M1 super-range in full", () => {
    const sheet = formatSheet("e2m1+sr");
    assert.equal(sheet.id, "e2m1+sr@g128");
    assert.deepEqual(sheet.aliases, ["fp4_range"]);
    assert.deepEqual(sheet.values, [-6, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6, 8]);
    assert.deepEqual(sheet.codes[8], { code: "1000", value: 8, negativeZero: false });
    assert.deepEqual(sheet.range, { min: -6, max: 8, smallestMagnitude: 0.5 });
    assert.deepEqual([sheet.thresholds[0], sheet.thresholds.at(-1)], [-5, 7]);
    assert.deepEqual([sheet.tie, sheet.scaleRule, sheet.scaleStore, sheet.scaleBits], ["even", "signed", "fp16", 16]);
    assert.deepEqual([sheet.bits, sheet.bitsPerWeight, sheet.hasZero, sheet.symmetric], [4, 4.125, true, false]);
  });

  it("is plain data for every element: JSON and back changes nothing, no number is lost", () => {
    for (const { id } of listElements()) {
      const sheet = formatSheet(id);
      assert.deepEqual(JSON.parse(JSON.stringify(sheet)), sheet, id);
      assert.equal(sheet.thresholds.length, sheet.values.length - 1);
    }
  });

  it("keeps reserved codes and −0 apart from numbers", () => {
    assert.deepEqual(formatSheet("int4").codes[8], { code: "1000", value: null, negativeZero: false });
    assert.deepEqual(formatSheet("e2m1").codes[8], { code: "1000", value: 0, negativeZero: true });
    assert.equal(formatSheet("nf4@row").bitsPerWeight, null);
  });

  it("refuses unknown ids by naming the nearest", () => {
    assert.throws(() => formatSheet("nf44q"), { name: "UserError", message: /did you mean nf4/ });
  });
});

describe("the layout on a sheet", () => {
  it("names fields and bias of floats, two's complement, magnitudes and tables, and every code that is no number of its own", () => {
    const facts = (id: string) => {
      const { layout, bias, specials } = formatSheet(id);
      return [layout, bias, ...specials];
    };
    const float = (e: number, m: number) => `sign, ${e} exponent, ${m} mantissa bits; subnormals`;
    const ranges = ["01111100 … 01111111 are no numbers", "11111100 … 11111111 are no numbers"];
    assert.deepEqual(facts("e2m1"), [float(2, 1), 1, "1000 is −0"]);
    assert.deepEqual(facts("e2m1+sr"), [float(2, 1), 1, "1000 is 8, in place of −0"]);
    assert.deepEqual(facts("e5m2"), [float(5, 2), 15, "10000000 is −0", ...ranges]);
    assert.deepEqual(facts("e4m3fnuz"), [float(4, 3), 8, "10000000 is no number"]);
    assert.deepEqual(facts("int4"), ["two's complement", null, "1000 is no number"]);
    assert.deepEqual(facts("int8-mx"), ["two's complement, times 0.015625", null, "10000000 is no number"]);
    assert.deepEqual(facts("uint4"), ["unsigned integer", null]);
    assert.deepEqual(facts("apot4+sp"), ["sign and index of the magnitude", null, "1000 is 0.5, in place of −0"]);
    assert.deepEqual(facts("nf4"), ["index into the table of values", null]);
    assert.match(renderSheet(formatSheet("e4m3")), /layout .*bias 7\nspecials .*01111111 is no number/);
  });
});

describe("renderSheet", () => {
  it("prints bits, values in both orders, ties, scale and source", () => {
    const text = renderSheet(formatSheet("int3@g64:fp32"));
    for (const line of [
      "int3@g64:fp32  3-bit integer, symmetric",
      "bits/weight  3.5 (3 + 32 per group of 64)",
      "values       7, symmetric",
      "ties         to the even code",
      "  -3  -2  -1  0   1   2   3",
      "100 reserved",
    ]) {
      assert.ok(text.includes(line), `${line}\nnot in\n${text}`);
    }
    assert.ok(renderSheet(formatSheet("nf4@row")).includes("bits/weight  4 + 16 per row"));
    assert.match(renderSheet(formatSheet("nf4")), /^values {7}16; 9 digits here, all of them in --json$/m);
  });

  it("prints a sheet for every element, with a number or reserved for each code", () => {
    for (const { id, codes } of listElements()) {
      const [head, tail] = renderSheet(formatSheet(id)).split("\nby code\n");
      assert.doesNotMatch(head!, /undefined|: NaN/, id);
      const cells = [...tail!.matchAll(/[01]+ (\S+)/g)].map((match) => match[1]!);
      assert.equal(cells.length, codes.length, id);
      for (const cell of cells) assert.ok(cell === "reserved" || Number.isFinite(Number(cell)), `${id}: ${cell}`);
    }
  });
});

describe("formatTable", () => {
  it("has one row for every listed element and one width of columns", () => {
    const lines = formatTable().split("\n");
    const rows = lines.filter((line) => line.startsWith("| `"));
    assert.equal(rows.length, listElements().length + listFormats().length);
    for (const row of rows) assert.equal(row.replaceAll("\\|", "").split("|").length, 10, row);
    assert.ok(
      rows.some((row) => row.startsWith("| `e2m1+sr`, `fp4_range` | E2M1 super-range (+8) | 4 | 16 | -6 … 8 |")),
    );
  });
});
