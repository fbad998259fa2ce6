import assert from "node:assert/strict";
import { addProduct } from "../../../evaluate/training/weights/addProduct.ts";
import { normals } from "../../random.ts";

describe("adding a product of matrices", () => {
  for (const [m, k, n] of [
    [1, 1, 1],
    [5, 3, 7],
    [40, 33, 100],
    [3, 2, 9000],
    [4, 9000, 33],
    [300, 700, 4],
  ] as const) {
    it(`[${m}, ${k}] · [${k}, ${n}] is that of plain loops`, () => {
      const random = normals(m + n);
      const [a, b, c] = [m * k, k * n, m * n].map((length) => Float32Array.from({ length }, random)) as Float32Array[];
      const expected = Float64Array.from(c!);
      for (let i = 0; i < m; i++)
        for (let q = 0; q < k; q++) for (let j = 0; j < n; j++) expected[i * n + j]! += a![i * k + q]! * b![q * n + j]!;
      addProduct(c!, a!, b!, m, k, n);
      // Rounding errors of k sums in float32.
      expected.forEach((value, i) => {
        assert.ok(Math.abs(c![i]! - value) < 1e-5 * Math.sqrt(k) * 10, `[${i}]: ${c![i]} against ${value}`);
      });
    });
  }
});
