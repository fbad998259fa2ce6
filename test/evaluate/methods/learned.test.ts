import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createCalibrator } from "../../../evaluate/calibration/index.ts";
import { methodById } from "../../../evaluate/methods/index.ts";
import { modelLogits } from "../../../evaluate/model/architectures/index.ts";
import { linearLayers, packageRoot } from "../../../evaluate/model/index.ts";
import { parseFormat } from "../../../formats/index.ts";
import { tinyModel } from "../tinyModel.ts";
import { cols, quantized, rows, W } from "./toy.ts";

/** What torch's autograd makes of tiny-llama-untied (test/golden/make-fisher.py). */
const golden = JSON.parse(readFileSync(join(packageRoot(), "test", "golden", "fisher.golden.json"), "utf8")) as {
  windows: number[][];
  layer: string;
  sums: Record<string, number>;
  rows: number[][];
  rounded: number[][];
};

function close(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.abs(expected), `${what}: ${actual} against ${expected}`);
}

describe("learned-fisher", () => {
  const { config, shapes, weights } = tinyModel();
  const matrices = linearLayers(config);
  const windows = Int32Array.from(golden.windows.flat());
  const [count, context] = [golden.windows.length, golden.windows[0]!.length];
  const calibrator = createCalibrator(
    (graph, weight, tokens, batch) => modelLogits({ graph, tokens, batch, weight }, config),
    shapes,
    matrices.map(({ name }) => name),
    { windows, count, context, threads: 1 },
  );
  after(() => calibrator.release());

  it("weighs by torch's mean of squared gradients over windows", async () => {
    const fisher = await calibrator.fisher(weights);
    assert.deepEqual([...fisher.keys()], Object.keys(golden.sums));
    for (const [name, own] of fisher) {
      const sum = own.reduce((total, f) => total + f, 0);
      close(sum, golden.sums[name]!, 1e-4, name);
    }
    const largest = Math.max(...golden.rows.flat());
    golden.rows.flat().forEach((f, i) => {
      assert.ok(Math.abs(fisher.get(golden.layer)![i]! - f) < 1e-5 * largest, `${i}`);
    });
    assert.equal(await calibrator.fisher(weights), fisher, "is kept");
  });

  it("puts each row on the codebook of least weighted error", async () => {
    const into = new Map(matrices.map(({ name, rows, cols }) => [name, new Float32Array(rows * cols)]));
    const format = parseFormat("int2@row:fp32");
    await methodById("learned-fisher").quantize({ format, matrices, weights, into, calibrator });
    golden.rounded.flat().forEach((w, i) => {
      close(into.get(golden.layer)![i]!, w, 1e-5, `weight ${i}`);
    });
  });

  it("composes with a scaling and gptq, and refuses a rotation", async () => {
    const { weights, layers } = await quantized("awq+learned-fisher+gptq", "int3@row");
    for (let row = 0; row < rows; row++) assert.ok(new Set(weights.subarray(row * cols, (row + 1) * cols)).size > 2);
    assert.ok(layers[0]!.relativeMse < 0.1, `${layers[0]!.relativeMse}`);
    await assert.rejects(
      quantized("hadamard+learned-fisher", "int3@row", { w: W }),
      /method "hadamard\+learned-fisher": learned-fisher weighs each weight by its own gradient, which hadamard mixes/,
    );
  });
});
