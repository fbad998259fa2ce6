import assert from "node:assert/strict";
import { countAbove, thresholdsFor } from "../../../evaluate/training/weights/countAbove.ts";

describe("levels' middles below a number", () => {
  it("are as many as dividing and comparing in float64 finds, at the middles themselves and next to them too", () => {
    const middles = Float64Array.from(
      { length: 11 },
      (_, k) => (Math.fround(Math.sin(k)) + Math.fround(k / 7)) / 2,
    ).sort();
    const near = (x: number, steps: number) => {
      if (Math.fround(x) === 0) return steps * 2 ** -149;
      const bits = new Int32Array(Float32Array.of(x).buffer);
      bits[0]! += steps;
      return new Float32Array(bits.buffer)[0]!;
    };
    for (const scale of [0.37, -0.37, Math.fround(0.1), 1e-40, 0, 3]) {
      const x = Float32Array.from({ length: 5 * middles.length }, (_, i) =>
        near(middles[i % middles.length]! * scale, Math.floor(i / middles.length) - 2),
      );
      const counts = new Uint16Array(x.length);
      countAbove(x, 0, x.length, scale, middles, thresholdsFor(middles.length), counts);
      const divided = x.map((each) => {
        const quotient = scale === 0 ? 0 : each / scale;
        return middles.filter((middle) => quotient > middle).length;
      });
      assert.deepEqual([...counts], [...divided], `${scale}`);
    }
  });
});
