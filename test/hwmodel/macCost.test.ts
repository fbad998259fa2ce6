import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import { listElements } from "../../formats/index.ts";
import { chipOverhead, macCost, macCostById, macTable, NODES, PUBLISHED, publishedCost } from "../../hwmodel/index.ts";
import { codebook } from "./codebooks.ts";

const cost = (weight: string, activation = weight, options = {}) =>
  macCost(codebook(weight), codebook(activation), options);

describe("macCost", () => {
  it("says where every figure comes from, and that delay and energy are unknown", () => {
    const c = cost("e2m1");
    assert.equal(c.provenance, "modelled");
    assert.equal(c.terms, 256);
    assert.equal(c.accumulatorBits, 17);
    assert.equal(c.delayPs, null);
    assert.equal(c.energyFj, null);
    assert.equal(c.node, "tsmc28");
    assert.ok(c.relativeError! > 0.02 && c.relativeError! < 0.05);
    assert.match(c.source, /inferred/);
    assert.ok(Math.abs(c.areaGe - c.multiplierGe - c.accumulatorGe) < 1e-9);
    assert.ok(Math.abs(c.areaUm2 / c.areaGe - 0.497) < 1e-12);
  });

  it("converts to other nodes by their NAND2: the INT4 MAC is about 198 um2 in Nangate 45", () => {
    assert.ok(Math.abs(cost("int4", "int4", { node: "nangate45" }).areaUm2 / 198.4 - 1) < 0.02);
    assert.ok(Math.abs(cost("int4", "int4", { node: "sky130" }).areaUm2 / 930.9 - 1) < 0.05);
    assert.throws(
      () => cost("int4", "int4", { node: "tsmc3" }),
      (e) => e instanceof UserError && /tsmc3: unknown; known are tsmc28, asap7/.test(e.message),
    );
    assert.equal(NODES.filter((n) => !n.verified).length, 1);
  });

  it("operand registers add one flip-flop a code bit", () => {
    const extra = cost("int4", "int8", { inputRegisters: true }).areaGe - cost("int4", "int8").areaGe;
    assert.ok(Math.abs(extra - 12 * 5.67) < 1e-9);
  });

  it("costs mixed widths between the two pure ones", () => {
    assert.ok(cost("e2m1", "int8").areaGe > cost("e2m1").areaGe);
    assert.ok(cost("e2m1", "int8").areaGe < cost("int8").areaGe);
  });

  it("survives odd codebooks: two values, ternary, one-sided, asymmetric, 256 and 1024 levels", () => {
    const odd = [
      [-1, 1],
      [-1, 0, 1],
      [0, 1],
      [0, 1, 2, 3],
      [-3, 1, 2, 7, 9],
      [-7, -6, -5, -4, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 5, 6],
      Array.from({ length: 256 }, (_, i) => (i - 128) ** 3),
      Array.from({ length: 1024 }, (_, i) => i - 512),
    ];
    const int4 = codebook("int4");
    for (const values of odd) {
      const book = { id: `odd ${values.length}`, values };
      for (const c of [macCost(book, book), macCost(book, int4), macCost(int4, book)]) {
        assert.ok(Number.isFinite(c.areaGe) && c.multiplierGe > 0 && c.accumulatorGe > 0, `${book.id}: ${c.areaGe}`);
      }
    }
    assert.ok(macCost({ id: "ternary", values: [-1, 0, 1] }, int4).areaGe < cost("int3", "int4").areaGe);
  });

  it("sends codebooks on a fine decimal grid through a table instead of a 10-bit multiplier", () => {
    const learned = { id: "learned", values: [-1, -0.713, -0.501, -0.333, -0.201, 0, 0.177, 0.409, 0.667, 0.998] };
    assert.match(macCost(learned, learned).variant, /LUT to INT8/);
  });

  it("rejects hostile codebooks by name", () => {
    const bad = (values: number[]) => () => macCost({ id: "bad", values }, codebook("int4"));
    assert.throws(bad([1, Number.NaN]), UserError);
    assert.throws(bad([1]), UserError);
    assert.throws(bad([2 ** -100, 2 ** 100]), (e) => e instanceof UserError && /bad: .*accumulator/.test(e.message));
    assert.throws(() => macCost(codebook("int4"), codebook("int4"), { terms: 0 }), UserError);
  });
});

describe("macCostById", () => {
  it("knows every listed element, alone and against INT8, with positive finite areas", () => {
    const elements = listElements();
    assert.ok(elements.length > 30);
    for (const { id } of elements) {
      for (const c of [macCostById(id), macCostById(id, "int8")]) {
        assert.ok(c.areaGe > 50 && c.areaGe < 3000 && c.multiplierGe > 0, `${id}: ${c.areaGe}`);
        assert.ok(c.accumulatorBits >= 8 && c.accumulatorBits <= 128, `${id}: ${c.accumulatorBits}`);
      }
    }
  });

  it("gives registry formats the widths of the paper, in any spelling of the id", () => {
    const widths = ["int4", "int5", "e2m1", "e2m1+sr", "e3m0", "apot4", "apot4+sp"].map(
      (id) => macCostById(id).accumulatorBits,
    );
    assert.deepEqual(widths, [16, 18, 17, 18, 22, 16, 16]);
    assert.equal(macCostById("int4-full").areaGe, macCostById("int4").areaGe);
    assert.equal(macCostById("sf4@g32", "int8").weight, "sf4");
    assert.match(macCostById("sf4", "sf4").variant, /^both via LUT to INT8/);
    assert.throws(() => macCostById("sf44x"), UserError);
    assert.throws(() => publishedCost("nonsense"), UserError);
  });

  it("takes codes into account: the same values cost more to decode in another order", () => {
    const area = (values: number[]) => macCost({ ...codebook("e3m0"), values, codes: values }, codebook("int8")).areaGe;
    const ranked = [0, 1, 2, 4, 8, 16, 32, 64, 0, -1, -2, -4, -8, -16, -32, -64];
    const mixed = [4, -1, 32, 0, -16, 64, -2, 1, -64, 2, 8, -8, 0, 16, -4, -32];
    assert.ok(area(mixed) > area(ranked) + 10, `${area(mixed)} ${area(ranked)}`);
  });
});

describe("published costs", () => {
  it("are the printed ones, and their parts add up", () => {
    for (const p of PUBLISHED) {
      assert.ok(Math.abs(p.multiplierUm2 + p.accumulatorUm2 - p.macUm2) < 0.11, p.format);
      assert.equal(p.verified, true);
    }
    const e2m1 = publishedCost("e2m1")!;
    assert.equal(e2m1.areaUm2, 170.4);
    assert.equal(e2m1.accumulatorBits, 17);
    assert.equal(e2m1.provenance, "published");
    assert.equal(e2m1.energyFj, null);
    assert.equal(e2m1.relativeError, null);
    assert.equal(publishedCost("e2m1+sp")!.areaUm2, 218);
    assert.equal(publishedCost("sf4"), null);
  });

  it("follow the chip rule as printed: E2M1 0.6 %, SR 1.9 %, SP 3.6 %, E2M1-B 6.7 %, INT5 17.7 %", () => {
    for (const p of PUBLISHED) {
      const overhead = 100 * chipOverhead(p.macUm2, 160.7, p.format === "int5" ? 5 : 4);
      assert.ok(Math.abs(overhead - p.chipOverheadPercent) < 0.06, `${p.format}: ${overhead}`);
    }
    assert.throws(() => chipOverhead(0, 160.7, 4), UserError);
    assert.throws(() => chipOverhead(170, 160.7, Number.NaN), UserError);
  });

  it("cover formats that were synthesized too", () => {
    const pure = new Set(macTable().flatMap((s) => (s.weight === s.activation ? [s.weight] : [])));
    for (const p of PUBLISHED) assert.ok(pure.has(p.format), p.format);
  });
});
