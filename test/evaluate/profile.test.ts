import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoint, resolveModel, type TensorEntry, writeSafetensors } from "../../evaluate/model/index.ts";
import { openModelTensors, profileTensors, rowLength, tensorProfile } from "../../evaluate/profile.ts";
import { fakeQuantize, parseFormat, studentQuantile } from "../../formats/index.ts";
import { tSamples } from "../fitting/samples.ts";

/** Exact quantiles of a t, shuffled by a step prime to n: a sample without sampling error. */
function quantiles(n: number, nu: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => studentQuantile((((i * 7919) % n) + 0.5) / n, nu));
}

describe("profileTensors", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-profile-"));
    file = join(folder, "odd.safetensors");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function profile(entries: TensorEntry[], options = {}) {
    writeSafetensors(file, entries, { dtype: "F32" });
    const checkpoint = openModelTensors(resolveModel(file));
    try {
      return [...profileTensors(checkpoint, options)];
    } finally {
      checkpoint.close();
    }
  }

  it("fits every matrix of a single file of an architecture nobody knows, vectors on request", () => {
    const entries = [
      { name: "trunk.12.mixer.in.weight", shape: [40, 500], data: quantiles(20_000, 5) },
      { name: "trunk.12.norm.weight", shape: [500], data: quantiles(500, 5) },
    ];
    const [fit, ...others] = profile(entries);
    assert.equal(others.length, 0);
    assert.deepEqual([fit!.tensor, fit!.layer, fit!.kind, fit!.dtype], ["trunk.12.mixer.in.weight", 12, "in", "F32"]);
    assert.deepEqual(fit!.shape, [40, 500]);
    assert.ok(Math.abs(fit!.fit.nu! - 5) < 0.2, `ν ${fit!.fit.nu}`);
    assert.equal(profile(entries, { vectors: true }).length, 2);
  });

  it("names layer and kind of a Llama's tensors", () => {
    const data = quantiles(256, 5);
    const entry = { name: "model.layers.3.self_attn.q_proj.weight", shape: [16, 16], data };
    const [fit] = profile([entry]);
    assert.deepEqual([fit!.layer, fit!.kind], [3, "q_proj"]);
  });

  it("by row and by block it gives quartiles of ν over the units, and how many were fitted", () => {
    const entry = { name: "w", shape: [10, 2100], data: quantiles(21_000, 3) };
    const [rows] = profile([entry], { by: "row" });
    assert.deepEqual([rows!.units!.length, rows!.units!.units, rows!.units!.fitted], [2100, 10, 10]);
    assert.ok(
      rows!.units!.nuQuartiles.every((nu) => nu !== null && nu > 1.5 && nu < 6),
      `${rows!.units!.nuQuartiles}`,
    );
    const [blocks] = profile([entry], { by: "block", block: 50 });
    // 42 whole blocks of 50 in a row of 2100.
    assert.deepEqual([blocks!.units!.length, blocks!.units!.units, blocks!.units!.fitted], [50, 420, 256]);
  });

  it("units too small to estimate from give null quartiles with the reason", () => {
    const [fit] = profile([{ name: "w", shape: [100, 16], data: quantiles(1600, 3) }], { by: "row" });
    assert.deepEqual(fit!.units!.nuQuartiles, [null, null, null]);
    assert.equal(fit!.units!.reason, "no row of 16 elements allows an estimate of ν");
  });

  it("reads large tensors in slices and finds the same", () => {
    const entries = [{ name: "w", shape: [1100, 1024], data: tSamples(81, 1_126_400, 5, 0, 0.02) }];
    const asked = { by: "row", formats: [parseFormat("nf4@g32")] };
    const [whole] = profile(entries, asked);
    const [sliced] = profile(entries, { ...asked, streamFrom: 1_000_000 });
    assert.ok(Math.abs(sliced!.fit.nu! / whole!.fit.nu! - 1) < 1e-4, `${sliced!.fit.nu} and ${whole!.fit.nu}`);
    assert.equal(sliced!.fit.n, 1_126_400);
    assert.deepEqual(sliced!.units, whole!.units);
    assert.deepEqual(sliced!.predictions, whole!.predictions);
  });

  it("a row of a convolution is one output's kernel; stacked matrices keep their rows", () => {
    assert.deepEqual(
      [[8, 4], [8, 4, 3], [8, 4, 3, 3], [8, 1, 5, 5], [16, 64, 128], [7], []].map(rowLength),
      [4, 12, 36, 25, 128, 7, 1],
    );
    const [fit] = profile([{ name: "conv1.weight", shape: [64, 8, 3, 3], data: quantiles(4608, 5) }], { by: "row" });
    assert.deepEqual([fit!.kind, fit!.units!.length, fit!.units!.units], ["conv1", 72, 64]);
  });

  it("predicts what fakeQuantize measures, row by row, and says where it cannot", () => {
    const data = tSamples(82, 64 * 512, 6, 0, 0.02).map((x, i) => x * (1 + (i >> 9)));
    const ids = ["nf4@g32", "int4@row", "e2m1@tensor", "sf4@g1024"];
    const formats = ids.map((id) => parseFormat(id));
    const [fit] = profile([{ name: "w", shape: [64, 512], data }], { formats });
    fit!.predictions!.slice(0, 2).forEach(({ format, relativeMse, method }, i) => {
      const { sumSquaredError, sumSquares } = fakeQuantize(data, 64, 512, formats[i]!, new Float32Array(data.length));
      assert.ok(Math.abs((relativeMse! * sumSquares) / sumSquaredError - 1) < 0.05, format);
      assert.deepEqual([format, method], [ids[i], "quadrature"]);
    });
    // One scale for rows of 64 different scales: several times the error of a scale a row.
    assert.ok(fit!.predictions![2]!.relativeMse! > 2 * fit!.predictions![0]!.relativeMse!);
    assert.deepEqual(fit!.predictions![3], {
      format: "sf4@g1024",
      relativeMse: null,
      method: null,
      reason: "group 1024 is larger than the row of 512",
    });
  });

  it("tells before each tensor which of how many comes", () => {
    const seen: string[] = [];
    const entries = ["a", "b"].map((name) => ({ name, shape: [10, 10], data: quantiles(100, 5) }));
    profile(entries, { onTensor: (name: string, i: number, total: number) => seen.push(`${name} ${i} of ${total}`) });
    assert.deepEqual(seen, ["a 0 of 2", "b 1 of 2"]);
  });

  it("a constant tensor has a verdict and no profile", () => {
    const [fit] = profile([{ name: "w", shape: [10, 10], data: new Float32Array(100) }]);
    assert.equal(fit!.fit.verdict, "constant");
    assert.equal(tensorProfile(fit!), null);
    const [good] = profile([{ name: "w", shape: [40, 500], data: quantiles(20_000, 5) }]);
    assert.deepEqual(Object.keys(tensorProfile(good!)!).sort(), [
      "gain",
      "kind",
      "layer",
      "name",
      "nu",
      "nuSigma",
      "shape",
      "verdict",
    ]);
  });

  it("names the tensor that holds NaN, and a file without matrices", () => {
    const data = quantiles(100, 5);
    data[7] = Number.NaN;
    assert.throws(() => profile([{ name: "bad.w", shape: [10, 10], data }]), {
      name: "UserError",
      message: /odd\.safetensors: bad\.w.*7/,
    });
    assert.throws(() => profile([{ name: "norm", shape: [4], data: new Float32Array(4) }]), {
      name: "UserError",
      message: /no floating-point matrix among its 1 tensors/,
    });
    writeSafetensors(file, [], { dtype: "F32" });
    const checkpoint = openCheckpoint(file);
    assert.throws(() => [...profileTensors(checkpoint)], { name: "UserError" });
    checkpoint.close();
  });
});
