import assert from "node:assert/strict";
import { cols, outputError, quantized, rows, W, X } from "./toy.ts";

describe("autoround", () => {
  it("has less output error than rounding to nearest, in no row more", async () => {
    for (const format of ["int3@g8", "nf4@g8", "e2m1@row", "bitmod3@g8", "n2f3@g8"]) {
      const [plain, better] = [await quantized("rtn", format), await quantized("autoround", format)];
      assert.ok(outputError(better.weights, W, X, cols) < outputError(plain.weights, W, X, cols), format);
      for (let row = 0; row < rows; row++) {
        const of = (w: Float32Array) => w.subarray(row * cols, (row + 1) * cols);
        const [before, after] = [plain, better].map(({ weights }) => outputError(of(weights), of(W), X, cols));
        assert.ok(after! <= before! * (1 + 1e-6), `${format}, row ${row}: ${after} against ${before}`);
      }
    }
  });

  it("takes one of the two levels about each weight", async () => {
    // Levels of int3@row:fp32 are whole numbers here: the largest weight is 3.
    const w = Float32Array.of(3, 0.4, 1.5, -2.6, 0, -0.5, 2.2, -3);
    const x = Float64Array.from({ length: 64 }, (_, i) => Math.sin(1.7 * i) + 0.8);
    const { weights } = await quantized("autoround:iterations=50", "int3@row:fp32", { w, x, columns: 8 });
    weights.forEach((level, i) => {
      assert.ok(level === Math.floor(w[i]!) || level === Math.ceil(w[i]!), `${w[i]} became ${level}`);
    });
  });

  it("composes with clip and with a rotation", async () => {
    for (const part of ["clip", "hadamard", "awq"]) {
      const [before, after] = [await quantized(part, "int4@row"), await quantized(`${part}+autoround`, "int4@row")];
      assert.ok(outputError(after.weights, W, X, cols) < outputError(before.weights, W, X, cols), part);
    }
  });
});
