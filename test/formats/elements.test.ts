import assert from "node:assert/strict";
import { element } from "../../formats/element.ts";
import { elementFamilies, getElement, isElementId, listElements } from "../../formats/index.ts";
import { aboutElement } from "../../formats/sheets/index.ts";
import { formatsGolden, maxDifference } from "./golden.ts";

const values = (id: string) => getElement(id).values;
const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);
const bothSigns = (magnitudes: readonly number[]) => sorted([...magnitudes, ...magnitudes.map((m) => -m), 0]);

/** Tables of llm-datatypes weight_only.py (facts/formats-and-paper.md §2), as printed there. */
const published: Record<string, number[]> = {
  sf4_3: [
    -1, -0.575725, -0.403755, -0.29162, -0.204868, -0.131054, -0.064036, 0, 0.055934, 0.113835, 0.176078, 0.246078,
    0.329642, 0.438727, 0.60598, 1,
  ],
  sf4_4: [
    -1, -0.608729, -0.435845, -0.318393, -0.225229, -0.144689, -0.070863, 0, 0.061908, 0.125773, 0.193936, 0.269711,
    0.358617, 0.471724, 0.638231, 1,
  ],
  sf4: [
    -1, -0.627781, -0.454736, -0.334331, -0.237434, -0.152899, -0.074982, 0, 0.065513, 0.132965, 0.204661, 0.283835,
    0.375805, 0.491076, 0.656781, 1,
  ],
  sf4_6: [
    -1, -0.640101, -0.467104, -0.344838, -0.245517, -0.15835, -0.077722, 0, 0.067911, 0.137742, 0.211771, 0.293169,
    0.387111, 0.503714, 0.66875, 1,
  ],
};
const publishedLong: Record<string, number[]> = {
  sf4_7: [
    -1, -0.648695668605, -0.475804919219, -0.352266505609, -0.251247287191, -0.162221766441, -0.079670035872, 0,
    0.069616284847, 0.141137677742, 0.216816907579, 0.299778513681, 0.395091530654, 0.512591235261, 0.677087250523, 1,
  ],
  nf3: [
    -1, -0.5350227084855379, -0.24693143181157515, 0, 0.18333748033548752, 0.3819939543209139, 0.6229857417143423, 1,
  ],
  "sf3_3-d4": [-1, -0.36224751, -0.15466882, 0, 0.11383526, 0.24607774, 0.43872699, 1],
  "sf3_4-d4": [-1, -0.39278935, -0.17056194, 0, 0.12577252, 0.26971116, 0.47172414, 1],
  "sf3-d4": [-1, -0.4108477, -0.18011882, 0, 0.13296473, 0.2838347, 0.49107557, 1],
  "sf3_6-d4": [-1, -0.42270248, -0.18645957, 0, 0.13774247, 0.29316884, 0.50371422, 1],
};
const noZero: Record<string, number[]> = {
  "nf3-nz": [0.10387883073852357, 0.3225133196607414, 0.5840457615163138, 1],
  "sf3_3-nz": [0.08299176, 0.26288756, 0.50151626, 1],
  "sf3_4-nz": [0.08844754, 0.27862916, 0.52389936, 1],
  "sf3-nz": [0.0916675, 0.28786519, 0.53683596, 1],
  "sf3_6-nz": [0.09378393, 0.2939136, 0.54522854, 1],
};

describe("elements", () => {
  it("derived SF4 books round to the six published digits", () => {
    for (const [id, table] of Object.entries(published)) {
      assert.deepEqual(
        values(id).map((value) => Number(value.toFixed(6))),
        table,
        id,
      );
    }
  });

  it("SF4_7, NF3 and the published SF3 books (4-bit delta) are met to the printed digits", () => {
    for (const [id, table] of Object.entries(publishedLong)) {
      assert.ok(maxDifference(values(id), table) < (id === "nf3" ? 3e-16 : 6e-9), id);
    }
  });

  it("the no-zero books are met to the printed digits", () => {
    for (const [id, magnitudes] of Object.entries(noZero)) {
      assert.ok(maxDifference(values(id), sorted([...magnitudes, ...magnitudes.map((m) => -m)])) < 6e-9, id);
    }
  });

  it("derived books of any width and nu agree with 60-digit arithmetic to 2e-14", () => {
    const { books } = formatsGolden();
    assert.equal(Object.keys(books).length, 14);
    for (const [id, expected] of Object.entries(books)) assert.ok(maxDifference(values(id), expected) < 2e-14, id);
  });

  it("the ends of every quantile book are exactly ±1", () => {
    for (let bits = 2; bits <= 8; bits++) {
      for (const id of [`nf${bits}`, `sf${bits}`, `sf${bits}_3.3`, `nf${bits}-nz`, `sf${bits}_11-d6`]) {
        assert.equal(values(id)[0], -1, id);
        assert.equal(values(id).at(-1), 1, id);
        assert.equal(values(id).length, 2 ** bits, id);
      }
    }
  });

  it("NF4 is the table of bitsandbytes, within 2e-7 of the derivation", () => {
    assert.equal(values("nf4")[1], -0.6961928009986877);
    assert.equal(values("nf4")[14], 0.7229568362236023);
    const gap = maxDifference(values("nf4"), values("nf4-d4"));
    assert.ok(gap > 1e-7 && gap < 2e-7, String(gap));
  });

  it("the paper's tables (Table 15) have their values", () => {
    const expected: Record<string, number[]> = {
      int4: [-7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7],
      "int4-full": [-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7],
      int3: [-3, -2, -1, 0, 1, 2, 3],
      "e2m1-i": bothSigns([0.0625, 1, 1.5, 2, 3, 4, 6]),
      "e2m1-b": bothSigns([0.0625, 2, 3, 4, 6, 8, 12]),
      "e2m1-ns": bothSigns([0.75, 1, 1.5, 2, 3, 4, 6]),
      e2m1: bothSigns([0.5, 1, 1.5, 2, 3, 4, 6]),
      "e2m1+sr": sorted([...bothSigns([0.5, 1, 1.5, 2, 3, 4, 6]), 8]),
      "e2m1+sp": sorted([...bothSigns([0.5, 1, 1.5, 2, 3, 4, 6]), 5]),
      "e2m1+sp2.5": sorted([...bothSigns([0.5, 1, 1.5, 2, 3, 4, 6]), 2.5]),
      "e2m1+sp-8": sorted([...bothSigns([0.5, 1, 1.5, 2, 3, 4, 6]), -8]),
      "e2m0+sp3": sorted([...bothSigns([1, 2, 4]), 3]),
      e3m0: bothSigns([0.25, 0.5, 1, 2, 4, 8, 16]),
      e2m0: bothSigns([1, 2, 4]),
      e1m2: bothSigns([0.5, 1, 1.5, 2, 2.5, 3, 3.5]),
      apot4: bothSigns([0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1]),
      "apot4+sp": sorted([...bothSigns([0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1]), 0.5]),
      apot5: bothSigns([
        1 / 48,
        1 / 24,
        1 / 16,
        1 / 12,
        1 / 8,
        1 / 6,
        3 / 16,
        1 / 4,
        1 / 3,
        3 / 8,
        1 / 2,
        2 / 3,
        11 / 16,
        3 / 4,
        1,
      ]),
      flint4: bothSigns([1, 2, 3, 4, 6, 8, 16]),
      flint5: bothSigns([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64]),
      iq4_nl: [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],
      posit4_0: bothSigns([0.25, 0.5, 0.75, 1, 1.5, 2, 4]),
    };
    for (const [id, table] of Object.entries(expected)) assert.ok(maxDifference(values(id), table) < 1e-15, id);
  });

  it("EN_25 reaches −0.787862 and 1, DENORM4 −7 and 6", () => {
    assert.ok(Math.abs(values("en_25")[0]! + 0.787862) < 5e-7);
    assert.equal(values("en_25").at(-1), 1);
    assert.deepEqual([values("denorm4")[0], values("denorm4").at(-1)], [-7, 6]);
  });

  it("larger minifloats have the published extremes, and no more values than their code reserves", () => {
    const extremes: Record<string, [smallest: number, largest: number, count: number]> = {
      e2m2: [0.25, 7, 31],
      e3m1: [0.125, 24, 31],
      e2m3: [0.125, 7.5, 63],
      e3m2: [0.0625, 28, 63],
      e4m3: [2 ** -9, 448, 253],
      e5m2: [2 ** -16, 57344, 247],
    };
    for (const [id, [smallest, largest, count]] of Object.entries(extremes)) {
      const positive = values(id).filter((value) => value > 0);
      assert.deepEqual([positive[0], positive.at(-1), values(id).length], [smallest, largest, count], id);
    }
  });

  it("codes are in the order of their source", () => {
    const codes = (id: string) => getElement(id).codes;
    assert.deepEqual(codes("e2m1").slice(0, 9), [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0]);
    assert.equal(codes("e2m1+sr")[8], 8);
    assert.deepEqual(codes("e2m1-b").slice(0, 8), [0, 0.0625, 8, 12, 4, 6, 2, 3]);
    assert.deepEqual(codes("int4"), [0, 1, 2, 3, 4, 5, 6, 7, null, -7, -6, -5, -4, -3, -2, -1]);
    assert.equal(codes("int4-full")[8], -8);
    assert.deepEqual([codes("nf4")[0], codes("nf4")[7], codes("nf4")[15]], [-1, 0, 1]);
    assert.deepEqual([codes("af4")[0], codes("af4")[8], codes("af4")[15]], [1, 0, -1]);
    assert.deepEqual([codes("posit4_1")[8], codes("posit4_1")[9], codes("posit4_1")[15]], [null, -16, -1 / 16]);
    assert.deepEqual([codes("e4m3")[0x7e], codes("e4m3")[0x7f], codes("e4m3")[0xff]], [448, null, null]);
    assert.deepEqual([codes("e5m2")[0x7b], codes("e5m2")[0x7c], codes("e5m2")[0xfc]], [57344, null, null]);
  });

  it("BOF4 and BOF4-S have the printed digits of arXiv 2505.06653, Tables 6 to 8", () => {
    const printed = {
      bof4: [-0.7535689203869577, 0.0887646748673216, 0.7790828367844242],
      "bof4-mae": [-0.7026305794715881, 0.0789600014686584, 0.7299178242683411],
      "bof4-s": [-0.6692874431610107, 0.0887671709060669, 0.7791395783424377],
      "bof4-s-mae": [-0.6076051592826843, 0.0789434835314751, 0.7298068404197693],
      "bof4-s32": [-0.6907446384429932, 0.0925938412547112, 0.7956376671791077],
      "bof4-s128": [-0.6462452411651611, 0.0850915610790253, 0.761027991771698],
      "bof4-s256": [-0.6221838593482971, 0.0815095230937004, 0.7418596744537354],
    };
    for (const [id, expected] of Object.entries(printed)) {
      const { codes, scaleRule } = getElement(id);
      assert.ok(maxDifference([codes[1]!, codes[8]!, codes[14]!], expected) < 1e-16, id);
      assert.equal(scaleRule, id.startsWith("bof4-s") ? "signedmax" : undefined);
    }
  });

  it("APoT of 6 and 7 bits has the sums of three sets (yhhhli/APoT_Quantization, 5 and 6 magnitude bits)", () => {
    const [six, seven] = ["apot6", "apot7"].map((id) => getElement(id).values.filter((value) => value > 0));
    assert.deepEqual([six!.length, six!.slice(0, 4), six!.at(-2)], [31, [0.01, 0.02, 0.03, 0.04], 0.96]);
    assert.equal(seven!.length, 63);
    assert.ok(maxDifference(seven!.slice(0, 3), [1 / 448, 2 / 448, 3 / 448]) < 1e-15);
  });

  it("every listed element is complete, findable by each of its names, and named once", () => {
    const listed = listElements();
    assert.ok(listed.length >= 60, String(listed.length));
    const names = listed.flatMap((item) => [item.id, ...item.aliases]);
    assert.equal(new Set(names).size, names.length);
    for (const item of listed) {
      assert.equal(item.codes.length, 2 ** item.bits, item.id);
      const { label, source } = aboutElement(item);
      assert.ok(source.length > 0 && label.length > 0, item.id);
      for (const name of [item.id, ...item.aliases]) assert.equal(getElement(name.toUpperCase()), item, name);
    }
    for (const family of elementFamilies) {
      assert.deepEqual(
        family.listed.map((id) => getElement(id).id),
        family.listed,
      );
    }
  });

  it("one element has one canonical id", () => {
    const spellings = { sf4_5: "sf4", "sf4_5.0": "sf4", "sf4-d4": "sf4", "nf3-d3": "nf3", nf3_nz: "nf3-nz" };
    const more = { "e2m1+sp5": "e2m1+sp", "e2m1+sp8": "e2m1+sr", fp4: "e2m1", mokey: "flint4", FP4_RANGE: "e2m1+sr" };
    for (const [spelling, id] of Object.entries({ ...spellings, ...more })) assert.equal(getElement(spelling).id, id);
  });

  it("unknown ids name the nearest, parameters out of range say what is allowed", () => {
    const fails = (id: string, message: RegExp) => assert.throws(() => getElement(id), { name: "UserError", message });
    fails("nf44x", /nf4/);
    fails("e2m1+sq", /did you mean e2m1\+sr, e2m1\+sp/);
    fails("in4", /int4/);
    fails("", /unknown element/);
    fails("x".repeat(100_000), /unknown element "x{60}"/);
    fails("int9", /2 to 8 bits/);
    fails("nf1", /2 to 8 bits/);
    fails("nf4_5", /sf4_5/);
    fails("sf4_0.2", /0\.5 to 1000/);
    fails("sf4_1e9", /unknown/);
    fails(`sf4_${"9".repeat(400)}`, /0\.5 to 1000/);
    fails("e6m1", /exponent bits/);
    fails("e4m4", /at most 8 bits/);
    fails("e2m1+sp3", /already/);
    fails("e2m1+sp1000", /at most 12/);
    fails("e3m0+sp", /name the special value/);
    fails("__proto__", /unknown/);
    fails("constructor", /unknown/);
  });

  it("isElementId tells elements from formats and unknown ids", () => {
    assert.deepEqual(["sf4", "SF4_3.5", "e2m1+sp-5", "sf4@g128", "mxfp99", "int99", "nf4:fp32"].map(isElementId), [
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it("element() refuses codebooks that cannot work", () => {
    const base = { id: "x", label: "x", family: "table", bits: 2, tie: "down", source: "test" } as const;
    const fails = (codes: (number | null)[], message: RegExp, bits = 2) =>
      assert.throws(() => element({ ...base, bits, codes }), { name: "UserError", message });
    fails([0, 1, 2], /expected 4/);
    fails([0, 1, Number.NaN, 2], /not finite/);
    fails([0, -0, 0, null], /two distinct/);
    fails([0, -1, -2, -3], /no positive/);
    fails([0, 1], /1 to 8/, 9);
  });
});
