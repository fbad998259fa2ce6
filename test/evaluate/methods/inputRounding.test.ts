import assert from "node:assert/strict";
import { momentsOf } from "../../../evaluate/calibration/index.ts";
import { methodById } from "../../../evaluate/methods/index.ts";
import { roundRows, staticScale, transformed } from "../../../evaluate/methods/inputRounding.ts";
import { inputRange, inputScales } from "../../../evaluate/model/architectures/runningFormats.ts";
import { parseFormat } from "../../../formats/index.ts";
import { normals } from "../../random.ts";
import { cols, oneLayer, rows, W, X } from "./toy.ts";

const format = parseFormat("int4@g8");
const matrices = [{ name: "w", rows, cols }];

/** What a method makes of the golden matrix beside inputs that are rounded. */
async function quantize(method: string, activation: string, range: "absmax" | "mse" | null = null) {
  const into = new Map([
    ["w", new Float32Array(W.length)],
    [inputScales("w"), new Float32Array(cols)],
    [inputRange("w"), new Float32Array(1)],
  ]);
  const inputs = { format: parseFormat(activation), range };
  const weights = new Map([["w", W]]);
  await methodById(method).quantize({ format, matrices, weights, into, inputs, calibrator: oneLayer(X, cols) });
  return into;
}

describe("methods beside rounded inputs", () => {
  it("gptq corrects for the inputs as they are rounded", async () => {
    const rounded = roundRows(Float32Array.from(X), cols, { format: parseFormat("int2@row"), range: null }, 1);
    assert.ok(new Set(rounded.subarray(0, cols)).size <= 3);
    const got = (await quantize("gptq", "int2@row")).get("w");
    const into = new Map([["w", new Float32Array(W.length)]]);
    const weights = new Map([["w", W]]);
    await methodById("gptq").quantize({ format, matrices, weights, into, calibrator: oneLayer(rounded, cols) });
    assert.deepEqual(got, into.get("w"));
  });

  it("smoothquant leaves its factors where the model divides its inputs, other methods leave ones", async () => {
    const smooth = await quantize("smoothquant", "int4@row");
    const { absMax } = momentsOf(X, cols);
    const maxima = Array.from({ length: cols }, (_, j) =>
      Math.max(...W.filter((_w, i) => i % cols === j).map(Math.abs)),
    );
    const raw = maxima.map((w, j) => Math.sqrt(absMax[j]! / w));
    const middle = Math.sqrt(Math.max(...raw) * Math.min(...raw));
    const scales = smooth.get(inputScales("w"))!;
    for (const [j, s] of raw.entries()) assert.ok(Math.abs(scales[j]! / (s / middle) - 1) < 1e-6);
    assert.ok((await quantize("gptq", "int4@row")).get(inputScales("w"))!.every((s) => s === 1));
  });

  it("finds a static range on the text: to the extremes, or clipped where that loses less", async () => {
    const int8 = parseFormat("int8@tensor");
    const normal = normals(3);
    const batch = Float32Array.from({ length: 4096 }, normal);
    batch[77] = 40;
    assert.equal(staticScale([batch], int8, "absmax"), Math.fround(roundHalf(40 / 127)));
    // Of one 40 among 4096 normal numbers, clipped at a, the error is about (40 − a)² + 4096 (a/7)²/12: least at a = 5.02.
    const clipped = staticScale([batch], parseFormat("int4@tensor:fp32"), "mse");
    assert.equal(clipped, Math.fround(5 / 7));
    assert.equal(staticScale([new Float32Array(8)], int8, "mse"), 1);
    const range = (await quantize("rtn", "int8@tensor", "absmax")).get(inputRange("w"))!;
    assert.equal(range[0], staticScale([Float32Array.from(X)], int8, "absmax"));
  });

  it("finds the range of inputs that were divided by their scales", () => {
    const moved = transformed(Float32Array.of(2, 9, -4, 3), Float64Array.of(2, 3), null);
    assert.deepEqual([...moved], [1, 3, -2, 1]);
  });

  it("asks for a calibration text in one line", async () => {
    const input = {
      format,
      matrices,
      weights: new Map([["w", W]]),
      into: new Map([["w", new Float32Array(W.length)]]),
    };
    const inputs = { format: parseFormat("int8@tensor"), range: "absmax" as const };
    await assert.rejects(methodById("rtn").quantize({ ...input, inputs }), /static ranges .* need a calibration text/);
  });
});

/** To half precision, of a number in [0.25, 0.5): steps of 2^−12. */
function roundHalf(x: number): number {
  return Math.round(x * 2 ** 12) / 2 ** 12;
}
