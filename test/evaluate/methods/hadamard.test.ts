import assert from "node:assert/strict";
import { momentsOf } from "../../../evaluate/calibration/index.ts";
import { rotated } from "../../../evaluate/calibration/moments.ts";
import { hadamardRotation } from "../../../evaluate/hadamard/index.ts";
import { composeMethod } from "../../../evaluate/methods/compose.ts";
import { methodById, methodParts } from "../../../evaluate/methods/index.ts";
import type { RoundingPart } from "../../../evaluate/methods/part.ts";
import { parseFormat } from "../../../formats/index.ts";
import { cols, oneLayer, quantized, rows, W, X } from "./toy.ts";

/** Rounds nothing, so that only what comes before and after is left. */
const keep: RoundingPart = {
  slot: "rounding",
  id: "keep",
  summary: "",
  calibration: "none",
  options: {},
  act: () => (layer) => ({ weights: layer.weights }),
};

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    assert.ok(Math.abs(actual[i]! - expected[i]!) <= tolerance, `${i}: ${actual[i]} against ${expected[i]}`);
  }
}

describe("hadamard", () => {
  it("changes nothing where nothing is rounded, alone and after a scaling", async () => {
    for (const id of ["hadamard+keep", "hadamard:block=4:seed=3+keep", "awq+hadamard+keep"]) {
      const into = new Map([["w", new Float32Array(W.length)]]);
      await composeMethod(id, [...methodParts, keep]).quantize({
        format: parseFormat("int4@g8"),
        matrices: [{ name: "w", rows, cols }],
        weights: new Map([["w", W]]),
        into,
        calibrator: oneLayer(X, cols),
      });
      near(into.get("w")!, W, 4e-7);
    }
  });

  it("says of a layer that it is not rotated where no Hadamard matrix tiles its inputs", async () => {
    const quantize = (columns: number) =>
      methodById("hadamard").quantize({
        format: parseFormat("int4@row"),
        matrices: [{ name: "w", rows: 2, cols: columns }],
        weights: new Map([["w", W.slice(0, 2 * columns)]]),
        into: new Map([["w", new Float32Array(2 * columns)]]),
      });
    const [odd, even] = [await quantize(15), await quantize(14)];
    assert.deepEqual(odd.warnings, ["w: no Hadamard matrix of more than one channel tiles its 15 inputs: not rotated"]);
    assert.deepEqual([even.warnings, even.layers[0]!.rotation], [[], 2]);
  });

  it("gives gptq the moments of the rotated inputs", () => {
    const rotation = hadamardRotation(cols, 5, 8)!;
    const [from, to] = [momentsOf(X, cols, X.map(Math.sin)), rotation.apply(X.slice())];
    const expected = momentsOf(to, cols, rotation.apply(X.map(Math.sin)));
    const actual = rotated(from, rotation);
    near(actual.gram, expected.gram, 1e-12);
    near(actual.drift!, expected.drift!, 1e-12);
    for (let j = 0; j < cols; j++) {
      assert.ok(actual.absMean[j]! >= expected.absMean[j]! && actual.absMax[j]! >= expected.absMax[j]!);
    }
  });

  it("rounds weights with an outlier better, and composes with gptq", async () => {
    const w = W.map((value, i) => (i % cols === 0 ? 8 * value : value));
    const errors = await Promise.all(
      ["rtn", "hadamard", "hadamard+gptq"].map(async (id) => (await quantized(id, "int3@row", { w })).layers[0]!),
    );
    assert.ok(errors[1]!.relativeMse < errors[0]!.relativeMse);
    assert.deepEqual(
      errors.map(({ rotation }) => rotation),
      [undefined, 16, 16],
    );
  });

  it("with select, leaves a layer alone that rounds better as it is", async () => {
    const grid = Float32Array.from({ length: 64 }, (_, i) => ((i * 5) % 15) - 7);
    const plain = await quantized("hadamard:select", "int4@row", { w: grid });
    assert.equal(plain.layers[0]!.rotation, undefined);
    assert.equal(plain.weightMse, 0);
    const outlier = W.map((value, i) => (i % cols === 0 ? 8 * value : value));
    assert.equal((await quantized("hadamard:select", "int3@row", { w: outlier })).layers[0]!.rotation, 16);
  });

  it("with select, weighs what rounded inputs lose, which may decide either way", async () => {
    const grid = Float32Array.from({ length: 64 }, (_, i) => ((i * 5) % 15) - 7);
    const outlier = W.map((value, i) => (i % cols === 0 ? 8 * value : value));
    const rotationOf = async (w: Float32Array, x: Float64Array, activation: string, range: "absmax" | null = null) => {
      const inputs = { format: parseFormat(activation), range };
      return (await quantized("hadamard:select", "int4@row", { w, x, inputs })).layers[0]!.rotation;
    };
    const spiked = X.map((value, i) => (i % cols === 3 ? 100 * value : value));
    const onGrid = X.map((_, i) => 40 * (((i * 5) % 15) - 7));
    assert.equal(await rotationOf(grid, spiked, "int4@row"), 16);
    assert.equal(await rotationOf(grid, spiked, "int4@row", "absmax"), 16);
    assert.equal(await rotationOf(outlier, onGrid, "int4@row"), undefined);
    // Inputs that lose nothing either way leave the choice to the weights.
    assert.equal(
      await rotationOf(
        outlier,
        X.map(() => 0),
        "int4@row",
      ),
      16,
    );
    assert.equal(
      await rotationOf(
        grid,
        X.map(() => 0),
        "int4@row",
      ),
      undefined,
    );
  });

  it("with select and rounded inputs, asks for a calibration text", async () => {
    const matrices = [{ name: "w", rows, cols }];
    const weights = new Map([["w", W]]);
    const into = new Map([["w", new Float32Array(W.length)]]);
    const inputs = { format: parseFormat("int4@row"), range: null };
    const given = { format: parseFormat("int4@row"), matrices, weights, into };
    await methodById("hadamard:select").quantize(given);
    await methodById("hadamard").quantize({ ...given, inputs });
    await assert.rejects(
      methodById("hadamard:select").quantize({ ...given, inputs }),
      /"hadamard:select" needs a calibration text/,
    );
  });

  it("names the layer whose inputs no block of that size tiles", async () => {
    for (const block of [3, 12, 32]) {
      await assert.rejects(
        quantized(`hadamard:block=${block}`, "int4@g8"),
        new RegExp(`hadamard: no Hadamard matrix of ${block} channels tiles the 16 inputs of w`),
      );
    }
  });
});
