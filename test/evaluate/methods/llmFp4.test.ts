import assert from "node:assert/strict";
import { momentsOf } from "../../../evaluate/calibration/index.ts";
import { formatGrid } from "../../../evaluate/methods/grid.ts";
import { preShift } from "../../../evaluate/methods/preShift.ts";
import { createProducts } from "../../../evaluate/methods/products.ts";
import { parseFormat } from "../../../formats/index.ts";
import { cols, outputError, quantized, W, X } from "./toy.ts";

const products = createProducts();
after(() => products.release());

describe("floatsearch", () => {
  const x = Float64Array.from({ length: 64 * 32 }, (_, i) => Math.sin(i * i));

  it("splits four bits as E1M2 for evenly spread weights and as E3M0 for those spread over octaves, and says so", async () => {
    const even = Float32Array.from({ length: 64 }, (_, i) => (i % 32) / 16 - 0.97);
    const octaves = Float32Array.from({ length: 64 }, (_, i) => (i % 2 ? -1 : 1) * 2 ** -((i * 3) % 7));
    const found = async (w: Float32Array) =>
      (await quantized("floatsearch", "e2m1@row", { w, x, columns: 32 })).layers[0]!;
    assert.equal((await found(even)).element, "e1m2");
    assert.equal((await found(octaves)).element, "e3m0");
  });

  it("never loses to rounding to nearest row by row, and composes with gptq", async () => {
    const error = async (id: string) => outputError((await quantized(id, "e2m1@row")).weights, W, X, cols);
    const [plain, searched, both] = [await error("rtn"), await error("floatsearch"), await error("floatsearch+gptq")];
    assert.ok(searched < plain && both <= searched, `${plain} ${searched} ${both}`);
  });

  it("refuses formats that are more than one element", async () => {
    await assert.rejects(
      quantized("floatsearch", "bitmod4@g8"),
      /floatsearch splits the bits of a format of one element/,
    );
  });
});

describe("preshift", () => {
  it("divides weights by the power of two that lifts each channel to the largest, at most 2^e − 1", async () => {
    const [x, w] = [[8, 3, 1, 0.1, 0, -8], Float32Array.of(1, 1, 1, 1, 1, 1)];
    const format = parseFormat("e2m1@row");
    const own = { matrix: { name: "w", rows: 1, cols: 6 }, weights: w, format, moments: momentsOf(x, 6), products };
    const layers = [{ ...own, grid: formatGrid(own) }];
    // Exponents −3, −2, 0, 3: differences 0, 1, 3 and 6.
    assert.deepEqual([...(await preShift.act({})(layers))], [1, 1 / 2, 1 / 8, 1 / 8, 1, 1]);
    assert.deepEqual([...(await preShift.act({ exponent: 3 })(layers))], [1, 1 / 2, 1 / 8, 1 / 64, 1, 1]);
  });

  it("counts its exponent bits for each channel", async () => {
    assert.equal((await quantized("preshift", "e2m1@row")).extraBitsPerWeight, 2 / 4);
  });
});
