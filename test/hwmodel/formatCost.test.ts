import assert from "node:assert/strict";
import { defaultSweepElements, getElement, listFormats, parseFormat } from "../../formats/index.ts";
import { formatCosts, formatMacCost, macCost, macCostById } from "../../hwmodel/index.ts";

const int8 = getElement("int8");

describe("formatMacCost", () => {
  it("is the element's cost for a format of one codebook, under the format's name", () => {
    const expected = macCost(getElement("e2m1"), int8);
    assert.deepEqual(formatMacCost(parseFormat("e2m1@g32:clipped"), int8), expected);
    assert.deepEqual(formatMacCost(parseFormat("mxfp4"), int8), { ...expected, weight: "mxfp4" });
    assert.deepEqual(formatMacCost(parseFormat("nvfp4"), int8), { ...expected, weight: "nvfp4" });
  });

  it("is the widest codebook's for a family, and says so", () => {
    const areas = ["e2m1+sp5", "e2m1+sp-5", "e2m1+sp8", "e2m1+sp-8"].map((id) => macCost(getElement(id), int8).areaGe);
    const cost = formatMacCost(parseFormat("bitmod4"), int8);
    assert.equal(cost.areaGe, Math.max(...areas));
    assert.equal(cost.weight, "bitmod4");
    assert.match(cost.variant, /widest of 4 codebooks .*choice not decoded/);
  });

  it("counts HiF4's micro-exponents and OliVe's outliers as part of the multiplied number", () => {
    assert.ok(formatMacCost(parseFormat("hif4"), int8).areaGe > macCost(getElement("s1p2"), int8).areaGe);
    assert.ok(formatMacCost(parseFormat("olive4"), int8).areaGe > macCost(getElement("int4"), int8).areaGe);
  });

  it("gives both sources of cost: the table's where it has the pair, under the format's name, else null", () => {
    const { modelled, synthesized } = formatCosts(parseFormat("mxfp4"), parseFormat("int8"));
    assert.deepEqual(modelled, formatMacCost(parseFormat("mxfp4"), int8));
    assert.equal(synthesized!.weight, "mxfp4");
    assert.equal(synthesized!.provenance, "synthesized");
    assert.equal(synthesized!.areaGe, 334.89);
    assert.equal(formatCosts(parseFormat("e2m1@g32"), parseFormat("mxfp4")).synthesized!.areaGe, 251.92);
    for (const id of ["bitmod4", "hif4", "olive4", "[-1,0,1]@g32"]) {
      assert.equal(formatCosts(parseFormat(id), parseFormat("int8")).synthesized, null, id);
    }
  });

  it("has every pair of the default sweep synthesized, by one source: times INT8, and times itself", () => {
    const costs = defaultSweepElements.flatMap((id) =>
      ["int8", id].map((other) => formatCosts(parseFormat(`${id}@g128`), parseFormat(other))),
    );
    assert.equal(costs.length, 56);
    assert.ok(costs.every(({ synthesized }) => synthesized !== null));
    assert.equal(new Set(costs.map(({ synthesized }) => synthesized!.source)).size, 1);
  });

  it("is finite and positive for every named format, times itself and INT8", () => {
    for (const { id, name } of listFormats()) {
      for (const cost of [macCostById(id), macCostById(id, "int8")]) {
        assert.ok(cost.areaGe > 50 && cost.areaGe < 20_000, `${id}: ${cost.areaGe}`);
        assert.equal(cost.weight, name);
      }
      assert.equal(macCostById(id).activation, name);
    }
  }).timeout(60_000);
});
