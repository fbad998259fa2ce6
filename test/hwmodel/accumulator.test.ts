import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import { accumulatorBits, type IntegerCodebook, productRange, toInt8Table, toIntegers } from "../../hwmodel/index.ts";
import { codebook } from "./codebooks.ts";

const integers = (id: string): IntegerCodebook => toIntegers(codebook(id))!;
const bits = (a: string, b = a, terms = 256) => accumulatorBits(integers(a), integers(b), terms);

describe("toIntegers", () => {
  it("finds the largest common unit, powers of two or not", () => {
    assert.deepEqual(integers("e2m1").integers, [-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12]);
    assert.equal(integers("e2m1").unit, 0.5);
    assert.deepEqual(integers("apot4").integers, [-10, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 10]);
    assert.deepEqual(toIntegers({ id: "thirds", values: [-1, -1 / 3, 0, 2 / 3, 1] })!.integers, [-3, -1, 0, 2, 3]);
    assert.equal(Math.max(...integers("e4m3").integers), 229376);
    assert.equal(Math.max(...integers("e5m2").integers), 57344 * 65536);
  });

  it("does not care about scale, float32 rounding, order, repeats or negative zero", () => {
    const values = [6, -0, 0.5, 1, 1.5, 2, 3, 4, 0, -6, -0.5, -1, -1.5, -2, -3, -4].map((v) => Math.fround(v / 6));
    assert.deepEqual(toIntegers({ id: "normalized", values })!.integers, integers("e2m1").integers);
    assert.ok(toIntegers({ id: "float32 tenths", values: [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1].map(Math.fround) }));
  });

  it("knows that quantile codebooks have no common unit and rounds them to an INT8 table", () => {
    assert.equal(toIntegers(codebook("nf4")), null);
    assert.equal(toIntegers(codebook("sf4")), null);
    assert.deepEqual(
      toInt8Table(codebook("sf4")).integers,
      [-127, -80, -58, -42, -30, -19, -10, 0, 8, 17, 26, 36, 48, 62, 83, 127],
    );
  });

  it("gives a symmetric integer format the whole two's complement range, and other formats only what they use", () => {
    const values = [-3, -2, -1, 0, 1, 2, 3];
    assert.deepEqual(toIntegers({ id: "int3", family: "int", values })!.integers, [-4, -3, -2, -1, 0, 1, 2, 3]);
    assert.deepEqual(toIntegers({ id: "e1m1", family: "float", values })!.integers, values);
    assert.deepEqual(toIntegers({ id: "ternary", family: "int", values: [-1, 0, 1] })!.integers, [-2, -1, 0, 1]);
  });

  it("rejects what is not a codebook, naming it", () => {
    const fails = (values: number[], message: RegExp) =>
      assert.throws(
        () => toIntegers({ id: "mine", values }),
        (e) => e instanceof UserError && message.test(e.message),
      );
    fails([0, Number.NaN], /mine: value 1 is NaN/);
    fails([0, Number.POSITIVE_INFINITY], /mine: value 1 is Infinity/);
    fails([], /mine: 0 distinct values/);
    fails([3, 3, 3], /mine: 1 distinct values/);
    fails([0, -0], /mine: 1 distinct values/);
    fails(
      Array.from({ length: 1_000_000 }, (_, i) => i),
      /mine: 1000000 values/,
    );
    fails([1e-300, 1], /mine: values from 1e-300 to 1 need an accumulator of over 1992 bits/);
  });
});

describe("accumulatorBits", () => {
  it("reproduces the seven lossless widths of the paper's Table 10", () => {
    assert.deepEqual(
      ["int4", "int5", "e2m1", "e2m1+sr", "e3m0", "apot4", "apot4+sp"].map((id) => bits(id)),
      [16, 18, 17, 18, 22, 16, 16],
    );
  });

  it("gives the lossless width where the paper's register is not: SP 17 (19), E2M1-I 23 (20), E2M1-B 25 (23)", () => {
    assert.deepEqual(
      ["e2m1+sp", "e2m1-i", "e2m1-b"].map((id) => bits(id)),
      [17, 23, 25],
    );
  });

  it("holds INT3 in 14, E1M2 in 15, INT8 in 24, E4M3 in 45 and E5M2 in 73 bits", () => {
    assert.deepEqual(
      ["int3", "e1m2", "int8", "e4m3", "e5m2"].map((id) => bits(id)),
      [14, 15, 24, 45, 73],
    );
  });

  it("is exact at the edge: 255 products of INT4's -8 x -8 fit 15 bits, 256 do not", () => {
    assert.equal(bits("int4", "int4", 255), 15);
    assert.equal(bits("int4", "int4", 256), 16);
    assert.deepEqual(productRange(integers("int4"), integers("int4")), { min: -56n, max: 64n });
    assert.deepEqual(productRange(integers("int4"), integers("int8")), { min: -1016n, max: 1024n });
  });

  it("refuses absurd widths and term counts", () => {
    const wide = toIntegers({ id: "wide", values: [0, 1, 2 ** 52] })!;
    assert.equal(accumulatorBits(wide, wide, 1), 106);
    const wider = { ...wide, id: "wider", integers: [0, 1, 2 ** 70] };
    assert.throws(
      () => accumulatorBits(wider, wider, 256),
      (e) => e instanceof UserError && /wider x wider: .* needs 150 bits; 128 is the limit/.test(e.message),
    );
    for (const terms of [0, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => accumulatorBits(wide, wide, terms), UserError);
    }
  });
});
