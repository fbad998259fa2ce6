import assert from "node:assert/strict";
import { getElement } from "../../formats/elements/index.ts";
import { UserError } from "../../formats/error.ts";
import { codedOperand, macStructures, macVerilog } from "../../hwmodel/rtl/index.ts";

const mac = (weight: string, activation = weight, options = {}) =>
  macVerilog(getElement(weight), getElement(activation), options);

const refused = (pattern: RegExp) => (error: unknown) => error instanceof UserError && pattern.test(error.message);

describe("macVerilog", () => {
  it("sizes accumulators as the paper's Table 10 does, where its registers are the lossless minimum", () => {
    const paper = { int4: 16, int5: 18, e2m1: 17, "e2m1+sr": 18, e3m0: 22, apot4: 16, "apot4+sp": 16 };
    const found = Object.fromEntries(Object.keys(paper).map((id) => [id, mac(id).widths.accumulator]));
    assert.deepEqual(found, paper);
  });

  it("multiplies codes exactly: E2M1's 6 · −0.5 is −12 quarters, and code −0 adds nothing", () => {
    const { reference, unit, widths } = mac("e2m1");
    assert.equal(unit, 0.25);
    assert.equal(reference(7, 9), -12);
    assert.equal(reference(8, 7), 0);
    assert.equal(mac("e2m1+sr").reference(8, 8), 256);
    assert.equal(widths.weight, 4);
  });

  it("takes code 1000 of symmetric INT4 as −8 and leaves reserved codes of E4M3 free", () => {
    assert.equal(mac("int4").reference(8, 8), 64);
    assert.equal(mac("e4m3").reference(0x7f, 1), null);
    assert.equal(mac("e4m3").reference(0xff, 1), null);
  });

  it("writes the decoder of a float as a table of its significands with the values beside them", () => {
    const { verilog, top } = mac("e2m1", "e2m1", { structure: "float" });
    assert.equal(top, "mac_e2m1_x_e2m1");
    assert.match(verilog, /3'd7|default: weight_significand = 2'd3; \/\/ 6, -6/);
    assert.match(verilog, /module multiply_e2m1_x_e2m1 \(/);
    assert.match(verilog, /BF_FA fa\w* \(\.a\(/);
    assert.doesNotMatch(verilog, /undefined|NaN|null/);
  });

  it("tries integer, sign-magnitude, float and table structures where they fit, and only those", () => {
    const names = (a: string, b = a) => macStructures(getElement(a), getElement(b));
    assert.deepEqual(names("int4"), ["twos-complement", "twos-complement-fused"]);
    assert.ok(names("e2m1").includes("float-two-shifts"));
    assert.ok(names("apot4", "int8").includes("integer-times-powers"));
    assert.ok(names("e3m0", "int8").includes("integer-times-float"));
    assert.ok(names("nf4").includes("product-table"));
    assert.throws(
      () => mac("int4", "int4", { structure: "float" }),
      refused(/float: not one for int4.*twos-complement/),
    );
  });

  it("rounds codebooks without a common unit to a table of INT8 and says so", () => {
    const { rounded, variant, reference } = mac("nf4", "int8");
    assert.deepEqual(rounded, ["weight"]);
    assert.match(variant, /LUT to INT8 \(weight\)/);
    assert.equal(reference(15, 1), 127);
    assert.equal(reference(14, 2), 184); // 0.7229568 · 127 = 91.8 → 92
  });

  it("registers and clear are ports and cycles more", () => {
    const plain = mac("int4");
    assert.equal(plain.latency, 1);
    assert.doesNotMatch(plain.verilog, /clear|weight_q/);
    const all = mac("int4", "int4", { inputRegisters: true, productRegister: true, clear: true });
    assert.equal(all.latency, 3);
    assert.match(all.verilog, /input wire clear,/);
  });

  it("gives codes to bare values: two's complement to a grid, sign and rank to the rest", () => {
    const ternary = codedOperand({ id: "ternary", values: [-1, 0, 1] });
    assert.deepEqual(ternary.integers, [0, 1, null, -1]);
    const book = codedOperand({ id: "book", values: [-6, -1, 0, 1, 6, 8] });
    assert.deepEqual(book.integers, [0, 1, 6, null, 8, -1, -6, null]);
    const oneSided = codedOperand({ id: "one-sided", values: [0, 1, 2, 5] });
    assert.deepEqual(oneSided.integers, [0, 1, 2, 5]);
  });

  it("keeps a codebook's id inside its comment and out of names", () => {
    const { verilog, top } = macVerilog({ id: "x\nendmodule // ü", values: [-1, 0, 1] }, getElement("int3"));
    assert.match(verilog, /^\/\/ x\?endmodule \/\/ \? x int3: /);
    assert.match(top, /^mac_\w+$/);
  });

  it("refuses what cannot be built: huge ranges, too many terms, two equal values, NaN", () => {
    const books: [string, number[], RegExp][] = [
      ["huge", [2 ** -5000 || 5e-324, 1, 1e300], /accumulator/],
      ["nan", [0, Number.NaN, 1], /NaN/],
      ["single", [1, 1], /two/],
    ];
    for (const [id, values, pattern] of books) {
      const book = { id, values };
      assert.throws(() => macVerilog(book, book), refused(pattern), id);
    }
    assert.throws(() => mac("int4", "int4", { terms: 0 }), refused(/terms 0/));
    assert.throws(
      () => mac("int4", "int4", { productRegister: true, structure: "twos-complement-fused" }),
      refused(/fused/),
    );
  });
});
