import assert from "node:assert/strict";
import { parseFormat, quantize, scaleStores } from "../../formats/index.ts";

const rounds = (store: keyof typeof scaleStores, cases: [number, number][]) => {
  for (const [x, expected] of cases) assert.equal(scaleStores[store].round(x), expected, `${store} ${x}`);
};

describe("narrow scale stores", () => {
  it("E8M0 holds powers of two from 2^−127 to 2^127", () => {
    const { smallest, largest } = scaleStores.e8m0;
    assert.deepEqual([smallest, largest], [2 ** -127, 2 ** 127]);
    rounds("e8m0", [
      [1, 1],
      [1.4, 1],
      [1.6, 2],
      [2 ** 127, 2 ** 127],
    ]);
  });

  it("E4M3 has steps of an eighth, subnormals of 2^−9 and 448 as its largest", () => {
    rounds("e4m3", [
      [448, 448],
      [463, 448],
      [464, Number.POSITIVE_INFINITY],
      [21, 20],
      [23, 24],
      [17.1, 18],
      [2 ** -9, 2 ** -9],
      [1.5 * 2 ** -9, 2 ** -8],
      [2 ** -6 * 1.0625, 2 ** -6],
    ]);
  });

  it("E3M3 ends at 30, E5M3 at 122880, E6M2 at 49152", () => {
    assert.deepEqual([scaleStores.e3m3.largest, scaleStores.e3m3.smallest], [30, 2 ** -5]);
    assert.deepEqual([scaleStores.e5m3.largest, scaleStores.e6m2.largest], [122880, 49152]);
    rounds("e3m3", [
      [0.26, 0.25],
      [29, 28],
      [3.3, 3.25],
    ]);
    rounds("e6m2", [
      [1.1, 1],
      [1.125, 1],
      [1.375, 1.5],
      [2 ** -48, 2 ** -48],
    ]);
  });

  it("a scale under a second level is a multiple of it, and the largest meets the top", () => {
    const values = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i) * (1 + (i >> 4)));
    const inner = (id: string) => {
      const { scales, outer } = quantize(values, 1, 256, parseFormat(id));
      return [...scales].map((scale) => scale / outer![0]!);
    };
    const nv = inner("nvfp4");
    assert.ok(Math.abs(Math.max(...nv) - 448) < 1e-3, String(nv));
    for (const value of nv) assert.ok(Math.abs(value / scaleStores.e4m3.round(value) - 1) < 1e-6);
    for (const value of inner("vsquant4:int4-row")) {
      assert.ok(Math.abs(value - Math.round(value)) < 1e-5 && value > 0.9 && value < 15.1);
    }
  });

  it("MX scales are the powers of two that the rules say", () => {
    const scale = (id: string, largest: number) =>
      quantize(Float32Array.of(largest, 0.01), 1, 2, parseFormat(id)).scales[0];
    // E2M1 ends at 6 = 1.5 · 2²: 7 saturates at scale 1, fits at 2.
    assert.deepEqual(
      [5, 6, 6.5, 7, 7.5, 8].map((x) => scale("mxfp4@row", x)),
      [1, 1, 1, 1, 1, 2],
    );
    assert.deepEqual(
      [5, 6, 6.5, 7, 7.5, 8].map((x) => scale("mxfp4@row:rceil", x)),
      [1, 1, 2, 2, 2, 2],
    );
    assert.deepEqual(
      [4, 5, 6, 7.5, 8].map((x) => scale("mxfp4@row:ceil", x)),
      [1, 2, 2, 2, 2],
    );
    assert.deepEqual(
      [6, 6.9, 7, 7.5, 8].map((x) => scale("mxfp4@row:rounded", x)),
      [1, 1, 2, 2, 2],
    );
    // E4M3 ends at 448 = 1.75 · 2⁸ but has three mantissa bits: from 1.9375 · 2⁸ on.
    assert.deepEqual(
      [495, 496].map((x) => scale("mxfp8_e4m3@row:rounded", x)),
      [1, 2],
    );
    assert.equal(quantize(Float32Array.of(1e-45, 0), 1, 2, parseFormat("mxfp4@row")).scales[0], 2 ** -127);
  });
});
