import assert from "node:assert/strict";
import type { Calibrator } from "../../../evaluate/calibration/index.ts";
import { momentsOf } from "../../../evaluate/calibration/index.ts";
import { methodById } from "../../../evaluate/methods/index.ts";
import { parseFormat } from "../../../formats/index.ts";
import { oneLayer, outputError, quantized, siteInputs } from "./toy.ts";

/** Normal numbers from a fixed congruential generator. */
function normals(count: number, seed: number): Float64Array {
  let state = seed;
  const uniform = () => {
    state = (state * 48271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
  return Float64Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** Correlated inputs [tokens, columns], as activations are: a few directions carry most of the energy. */
function correlated(tokens: number, columns: number, seed: number): Float64Array {
  const [mix, source] = [normals(8 * columns, seed), normals(8 * tokens, seed + 1)];
  const own = normals(tokens * columns, seed + 2);
  return own.map((noise, i) => {
    const [t, j] = [Math.floor(i / columns), i % columns];
    let x = 0.3 * noise;
    for (let k = 0; k < 8; k++) x += mix[k * columns + j]! * source[k * tokens + t]!;
    return x;
  });
}

const columns = 300;
const w = Float32Array.from(normals(20 * columns, 5), (x) => x / 30);
const x = correlated(900, columns, 11);

describe("gptq", () => {
  // Groups that divide the block, that do not, that leave a tail, that hold a row or everything; blocks past the first.
  for (const format of ["int3@g32", "sf4@g100", "e2m1+sr@g128", "nf3@g7", "int4@row", "int4@tensor", "int2@g300"]) {
    it(`has less output error than rounding to nearest in ${format}, as its log says`, async () => {
      const [plain, better] = [
        await quantized("rtn", format, { w, x, columns }),
        await quantized("gptq", format, { w, x, columns }),
      ];
      const [before, after] = [plain, better].map(({ weights }) => outputError(weights, w, x, columns));
      assert.ok(after! < 0.7 * before!, `${after} against ${before}`);
      const all = outputError(new Float32Array(w.length), w, x, columns);
      assert.ok(Math.abs(better.layers[0]!.outputError! - after! / all) < 1e-4 * (after! / all));
    });
  }

  it("puts every weight on its group's grid", async () => {
    const { weights } = await quantized("gptq", "int4@g32", { w, x, columns });
    for (let row = 0; row < w.length; row += columns) {
      for (let from = 0; from < columns; from += 32) {
        const group = weights.subarray(row + from, row + Math.min(from + 32, columns));
        assert.ok(new Set(group).size <= 16);
        const step = Math.min(...[...group].filter((v) => v !== 0).map(Math.abs));
        for (const value of group) assert.ok(value === 0 || Math.abs(value) >= step);
      }
    }
  });

  it("is rounding to nearest where the inputs are uncorrelated", async () => {
    const identity = Float64Array.from({ length: 64 * 64 }, (_, i) => (i % 65 === 0 ? 1 : 0));
    const some = w.subarray(0, 6 * 64);
    const [plain, same] = [
      await quantized("rtn", "sf4@g32", { w: some, x: identity, columns: 64 }),
      await quantized("gptq", "sf4@g32", { w: some, x: identity, columns: 64 }),
    ];
    assert.deepEqual(same.weights, plain.weights);
  });

  it("falls back to rounding to nearest, with a warning that names the layer, when nothing can be factorized", async () => {
    const some = w.subarray(0, 32);
    const moments = {
      ...momentsOf(new Float64Array(32), 16),
      gram: Float64Array.from({ length: 256 }, (_, i) => (i % 17 === 0 ? 1 : 9)),
    };
    const calibrator: Calibrator = {
      ...oneLayer(new Float64Array(32), 16),
      walk: async (_, visit) => visit(["w"], moments, siteInputs(new Float64Array(32), 16)),
    };
    const into = new Map([["w", new Float32Array(32)]]);
    const input = {
      format: parseFormat("int4@g16"),
      matrices: [{ name: "w", rows: 2, cols: 16 }],
      weights: new Map([["w", some]]),
      into,
      calibrator,
    };
    const { warnings } = await methodById("gptq").quantize(input);
    assert.match(warnings.join("\n"), /^w: .*not positive definite.*rounded to nearest$/);
    const { weights } = await quantized("rtn", "int4@g16", { w: some, x: new Float64Array(32), columns: 16 });
    assert.deepEqual(into.get("w"), weights);
  });

  it("takes rounding to nearest, with a warning, where feedback would do worse, as with two levels at the extremes", async () => {
    const [plain, same] = [await quantized("rtn", "binary@g8"), await quantized("gptq", "binary@g8")];
    assert.deepEqual(same.weights, plain.weights);
    assert.match(same.warnings[0]!, /^w: error feedback loses to rounding to nearest, which was taken$/);
  });

  it("keeps weights of zeros and inputs of zeros finite", async () => {
    const zeros = await quantized("gptq", "sf4@g32", {
      w: new Float32Array(64),
      x: new Float64Array(128),
      columns: 64,
    });
    assert.deepEqual(zeros.weights, new Float32Array(64));
    assert.deepEqual([zeros.layers[0]!.outputError, zeros.layers[0]!.zeroGroups, zeros.weightMse], [0, 2, 0]);
  });

  it("refuses weights that are not finite", async () => {
    const bad = w.slice(0, 64);
    bad[9] = Number.NaN;
    await assert.rejects(quantized("gptq", "sf4@g32", { w: bad, x: new Float64Array(64), columns: 64 }), /NaN/);
  });
});

describe("gptaq", () => {
  const moved = x.map((value, i) => value + 0.3 * Math.sin(i * 1.7) * x[(i * 7) % x.length]!);
  /** ‖Ŵ X − W X_fp‖². */
  const asymmetric = (weights: Float32Array) => {
    let total = 0;
    for (let t = 0; t < x.length; t += columns) {
      for (let row = 0; row < w.length; row += columns) {
        let y = 0;
        for (let j = 0; j < columns; j++) y += weights[row + j]! * moved[t + j]! - w[row + j]! * x[t + j]!;
        total += y * y;
      }
    }
    return total;
  };
  const run = async (method: string) =>
    asymmetric((await quantized(method, "int3@g32", { w, x: moved, reference: x, columns })).weights);

  it("comes closer to the full-precision outputs than gptq, and its solved form closer still", async () => {
    const [own, drift, solved] = [await run("gptq"), await run("gptaq"), await run("gptaq:solved")];
    assert.ok(drift < own && solved < drift, `${own} ${drift} ${solved}`);
  });

  it("is gptq where the two models' inputs agree", async () => {
    const [a, b] = [
      await quantized("gptq", "sf4@g32", { w, x, columns }),
      await quantized("gptaq", "sf4@g32", { w, x, columns }),
    ];
    assert.deepEqual(b.weights, a.weights);
  });
});
