import assert from "node:assert/strict";
import { dequantize, fakeQuantize, groupQuantizerOf, parseFormat, quantize } from "../../formats/index.ts";

const format = parseFormat("olive4");

/** Rounds by hand: `scale` 1, so that normal numbers are multiples of 4 up to ±28. */
function settled(...values: number[]): number[] {
  const fit = { choice: 0, scale: 1, lower: 1, offset: 0, zeroPoint: null, divisor: 1, shift: 0, micro: null };
  return [...groupQuantizerOf(format).round(values, fit)];
}

describe("OliVe's outlier–victim pairs", () => {
  it("an outlier rounds to abfloat and makes its neighbour zero, whichever side it is on", () => {
    assert.deepEqual(settled(100, 7), [96, 0]);
    assert.deepEqual(settled(7, -100), [0, -96]);
    assert.deepEqual(settled(1000, -1000), [384, 0]);
    assert.deepEqual(settled(20, -20), [20, -20]);
  });

  it("between 28 and 48 the nearer wins, ties go up", () => {
    assert.deepEqual(settled(37.9, 5), [28, 4]);
    assert.deepEqual(settled(38, 5), [48, 0]);
    assert.deepEqual(settled(-38, 5), [-28, 4]);
    assert.deepEqual(settled(-38.1, 5), [-48, 0]);
    assert.deepEqual(settled(6, -6), [8, -4]);
  });

  it("a last number without a neighbour saturates", () => {
    assert.deepEqual(settled(1, 2, 100), [0, 4, 28]);
  });

  it("codes mark the victim 1000 and hold the outlier as sign, exponent and mantissa", () => {
    // Three standard deviations of this row lie far below 3.
    const row = Float32Array.from({ length: 64 }, (_, i) => 0.01 * Math.sin(i));
    row[11] = 0.06;
    const { codes, scales } = quantize(row, 1, 64, format);
    assert.equal(codes[10], 0b1000);
    assert.equal(codes.filter((code) => code === 0b1000).length, 1);
    const out = new Float32Array(64);
    fakeQuantize(row, 1, 64, format, out);
    assert.equal(out[10], 0);
    const magnitude = [0, 48, 64, 96, 128, 192, 256, 384][codes[11]!]!;
    assert.ok(magnitude > 0);
    assert.equal(out[11], Math.fround(magnitude * scales[0]!));
  });

  it("refuses pairs of two marks, a mark beside nothing and the missing outlier code", () => {
    const fails = (codes: number[], index: number) =>
      assert.throws(
        () => dequantize({ codes: Uint8Array.from(codes), scales: Float32Array.of(1) }, 1, codes.length, format),
        { name: "UserError", message: new RegExp(`index ${index} means nothing in olive4`) },
      );
    fails([8, 8], 0);
    fails([1, 2, 8], 2);
    fails([0, 8], 0);
    fails([8, 0], 1);
    fails([16, 0], 0);
  });
});
