import assert from "node:assert/strict";
import { createCalibrator } from "../../../evaluate/calibration/index.ts";
import { methodById } from "../../../evaluate/methods/index.ts";
import { modelLogits } from "../../../evaluate/model/architectures/index.ts";
import { linearLayers } from "../../../evaluate/model/index.ts";
import { parseFormat } from "../../../formats/index.ts";
import { tinyModel } from "../tinyModel.ts";
import { cols, outputError, quantized, rows, W, X } from "./toy.ts";

const FORMATS = ["int3@g8", "nf4@g8", "e2m1@row", "bitmod3@g8", "n2f3@g8", "int4@g8:affine"];

describe("autoround-layer", () => {
  it("has less output error than rounding to nearest, in no row more", async () => {
    for (const format of FORMATS) {
      const [plain, better] = [await quantized("rtn", format), await quantized("autoround-layer", format)];
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
    const { weights } = await quantized("autoround-layer:iterations=50", "int3@row:fp32", { w, x, columns: 8 });
    weights.forEach((level, i) => {
      assert.ok(level === Math.floor(w[i]!) || level === Math.ceil(w[i]!), `${w[i]} became ${level}`);
    });
  });
});

describe("autoround", () => {
  it("has no more output error than what it starts from, on any grid, after a range, a scaling or a rotation", async () => {
    const better: string[] = [];
    for (const before of ["rtn", "clip", "hadamard", "awq", "smoothquant+hadamard"]) {
      for (const format of FORMATS) {
        const [start, tuned] = await Promise.all(
          [before, before === "rtn" ? "autoround" : `${before}+autoround`].map(async (id) =>
            outputError((await quantized(id, format)).weights, W, X, cols),
          ),
        );
        assert.ok(tuned! <= start! * (1 + 1e-6), `${before}, ${format}: ${tuned} against ${start}`);
        if (tuned! < 0.999 * start!) better.push(`${before}, ${format}`);
      }
    }
    assert.ok(better.length >= 12, better.join("; "));
  });

  describe("on a model", () => {
    const { config, shapes, weights } = tinyModel();
    const matrices = linearLayers(config);
    const [count, context] = [6, 8];
    const calibratorWith = (waitingBytes?: number) =>
      createCalibrator(
        (graph, weight, tokens, batch, hooks) => modelLogits({ graph, tokens, batch, weight, ...hooks }, config),
        shapes,
        matrices.map(({ name }) => name),
        {
          ...{ count, context, threads: 1, ...(waitingBytes !== undefined && { waitingBytes }) },
          windows: Int32Array.from({ length: count * context }, (_, i) => (i * i + 3 * i) % config.vocabSize),
        },
      );
    const calibrator = calibratorWith();
    after(() => calibrator.release());

    it("is shown each block once, with gradients that finite differences confirm", async () => {
      const current = new Map([...weights].map(([name, data]) => [name, data.map((w, i) => w + 0.02 * Math.sin(i))]));
      const seen: (readonly string[])[] = [];
      await calibrator.walkBlocks(current, weights, async ({ layers, gradients, error }) => {
        seen.push(layers);
        const name = layers.at(-2)!;
        // One step takes the whole text here: six windows.
        const gradient = (await gradients(0, 8)).get(name)!.slice();
        const at = gradient.indexOf(Math.max(...gradient));
        const w = current.get(name)!;
        const errors: number[] = [];
        for (const change of [0.01, -0.02]) {
          w[at]! += change;
          errors.push(await error());
        }
        const slope = (errors[0]! - errors[1]!) / 0.02;
        assert.ok(Math.abs(slope - gradient[at]!) < 1e-3 * slope, `${name}: ${gradient[at]} against ${slope}`);
      });
      assert.deepEqual(
        seen.map((names) => [...names].sort()),
        [0, 1].map((layer) =>
          matrices.flatMap(({ name }) => (name.startsWith(`model.layers.${layer}.`) ? [name] : [])).sort(),
        ),
      );
    });

    it("gives the same where the quantized weights take the place of the others", async () => {
      const format = parseFormat("int3@g16");
      const method = methodById("autoround:iterations=20");
      const into = new Map(matrices.map(({ name, rows, cols }) => [name, new Float32Array(rows * cols)]));
      const there = await method.quantize({ format, matrices, weights, into, calibrator });
      const own = new Map([...weights].map(([name, data]) => [name, data.slice()]));
      const inPlace = await method.quantize({ format, matrices, weights: own, into: own, calibrator });
      for (const { name } of matrices) assert.deepEqual(own.get(name), into.get(name));
      assert.deepEqual(inPlace, there);
    });

    it("gives the same where hidden states wait on disk", async () => {
      const [memory, disk] = await Promise.all(
        [undefined, 0].map(async (waitingBytes) => {
          const calibrator = calibratorWith(waitingBytes);
          const errors: number[] = [];
          const current = new Map(
            [...weights].map(([name, data]) => [name, data.map((w, i) => w + 0.02 * Math.sin(i))]),
          );
          await calibrator.walkBlocks(current, weights, async ({ error }) => {
            errors.push(await error());
          });
          await calibrator.release();
          return errors;
        }),
      );
      assert.equal(memory!.length, 2);
      assert.deepEqual(disk, memory);
    });

    it("lowers the error that the blocks' outputs have after rounding to nearest", async () => {
      const format = parseFormat("int3@g16");
      const errorsOf = async (method: string) => {
        const into = new Map(matrices.map(({ name, rows, cols }) => [name, new Float32Array(rows * cols)]));
        const { layers } = await methodById(method).quantize({ format, matrices, weights, into, calibrator });
        assert.deepEqual(
          layers.map(({ name, outputError }) => [name, typeof outputError]),
          matrices.map(({ name }) => [name, "number"]),
        );
        const errors: number[] = [];
        await calibrator.walkBlocks(new Map([...weights, ...into]), weights, async ({ error }) => {
          errors.push(await error());
        });
        return errors;
      };
      const [nearest, tuned] = [await errorsOf("rtn+clip-output:steps=1"), await errorsOf("autoround:iterations=60")];
      nearest.forEach((error, block) => {
        assert.ok(tuned[block]! < 0.8 * error, `block ${block}: ${tuned[block]} against ${error}`);
      });
    });
  });
});
