import assert from "node:assert/strict";
import { momentsOf } from "../../../evaluate/calibration/index.ts";
import { awq } from "../../../evaluate/methods/awq.ts";
import { formatGrid } from "../../../evaluate/methods/grid.ts";
import type { Layer } from "../../../evaluate/methods/part.ts";
import { createProducts } from "../../../evaluate/methods/products.ts";
import { smoothQuant } from "../../../evaluate/methods/smoothQuant.ts";
import { parseFormat } from "../../../formats/index.ts";
import { cols, outputError, quantized, rows, W, X } from "./toy.ts";

const products = createProducts();
after(() => products.release());

function layer(w: Float32Array, x: ArrayLike<number>, columns: number): Layer {
  const matrix = { name: "w", rows: w.length / columns, cols: columns };
  const own = { matrix, weights: w, format: parseFormat("int3@g8"), moments: momentsOf(x, columns), products };
  return { ...own, grid: formatGrid(own) };
}

describe("awq", () => {
  it("has less output error than rounding to nearest, never more, and counts a scale a channel", async () => {
    for (const format of ["int3@g8", "nf4@g8", "e2m1@row"]) {
      const [plain, better] = [await quantized("rtn", format), await quantized("awq", format)];
      const [before, after] = [plain, better].map(({ weights }) => outputError(weights, W, X, cols));
      assert.ok(after! <= before!, `${format}: ${after} against ${before}`);
      assert.equal(better.extraBitsPerWeight, 16 / rows);
    }
    const [plain, better] = [await quantized("rtn", "int3@g8"), await quantized("awq", "int3@g8")];
    assert.ok(outputError(better.weights, W, X, cols) < 0.9 * outputError(plain.weights, W, X, cols));
  });

  it("scales channels up in the order of their inputs, balanced around one", async () => {
    const scales = await awq.act({})([layer(W, X, cols)]);
    const { absMean } = momentsOf(X, cols);
    const order = Array.from(scales.keys()).sort((a, b) => absMean[a]! - absMean[b]!);
    for (let i = 1; i < cols; i++) assert.ok(scales[order[i]!]! >= scales[order[i - 1]!]!);
    assert.ok(Math.abs(Math.max(...scales) * Math.min(...scales) - 1) < 1e-12);
  });

  it("leaves a channel that never fires alone", async () => {
    const x = X.map((value, i) => (i % cols === 3 ? 0 : value));
    const scales = await awq.act({})([layer(W, x, cols)]);
    assert.equal(scales[3], 1);
    assert.ok(scales.every(Number.isFinite));
  });

  it("composes: awq+gptq rounds the scaled weights with feedback", async () => {
    const [scaled, both] = [await quantized("awq", "int3@g8"), await quantized("awq+gptq", "int3@g8")];
    assert.ok(both.layers[0]!.outputError! < scaled.layers[0]!.outputError!);
  });
});

describe("smoothquant", () => {
  it("takes max|x|^α / max|w|^(1−α) over all layers of a site, up to a common factor", async () => {
    // Channels: inputs up to 4 and 1, weights up to 0.25 and 1; √(4/0.25) = 4 and 1, balanced to 2 and 1/2.
    const site = [
      layer(Float32Array.of(0.25, -0.5), [4, 1, -2, -1], 2),
      layer(Float32Array.of(-0.125, 1), [4, 1, -2, -1], 2),
    ];
    assert.deepEqual([...(await smoothQuant.act({})(site))], [2, 0.5]);
    assert.deepEqual([...(await smoothQuant.act({ alpha: 1 })(site))], [2, 0.5]);
    assert.deepEqual([...(await smoothQuant.act({ alpha: 0 })(site))], [2, 0.5]);
  });
});

describe("learned", () => {
  it("keeps a row of as many distinct values as the codebook has levels, whatever they are", async () => {
    const values = [-1, -0.61, -0.33, -0.05, 0.11, 0.42, 0.77, 1];
    const w = Float32Array.from({ length: 64 }, (_, i) => values[(i * 5) % 8]!);
    const x = Float64Array.from({ length: 640 }, (_, i) => Math.sin(i * 1.3));
    const { weights, extraBitsPerWeight } = await quantized("learned", "int3@row:fp32", { w, x, columns: 32 });
    // Levels have eleven bits.
    weights.forEach((value, i) => {
      assert.ok(Math.abs(value - w[i]!) <= 2 ** -11, `${value} against ${w[i]}`);
    });
    // Eight levels of 16 bits for a row of 32.
    assert.equal(extraBitsPerWeight, 4);
  });

  it("has less output error than the format's own levels, and composes with gptq", async () => {
    const errors = await Promise.all(
      ["rtn", "learned", "learned+gptq"].map(async (id) =>
        outputError((await quantized(id, "int3@row")).weights, W, X, cols),
      ),
    );
    assert.ok(errors[1]! < errors[0]! && errors[2]! < errors[0]!, `${errors}`);
  });

  it("refuses formats that a codebook a row does not fit", async () => {
    await assert.rejects(quantized("learned", "int4@tensor"), /learned codebooks need groups within a row/);
  });
});
