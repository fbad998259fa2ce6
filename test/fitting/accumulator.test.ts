import assert from "node:assert/strict";
import { createAccumulator, fitStudentT, type TFit } from "../../fitting/index.ts";
import { UserError } from "../../formats/error.ts";
import { tSamples } from "./samples.ts";

function inChunks(data: Float32Array, sizes: readonly number[]) {
  const accumulator = createAccumulator({ name: "w" });
  for (let from = 0, k = 0; from < data.length; k++) {
    const size = sizes[k % sizes.length]!;
    accumulator.push(data.subarray(from, from + size));
    from += size;
  }
  return accumulator;
}

function agree(actual: TFit, expected: TFit, tolerance: number, nats = 1e-6) {
  assert.equal(actual.verdict, expected.verdict);
  assert.equal(actual.n, expected.n);
  assert.equal(actual.fitted, expected.fitted);
  assert.equal(actual.zeroFraction, expected.zeroFraction);
  for (const key of ["nu", "nuStderr", "nuLower", "scale", "scaleStderr", "standardDeviation", "gain"] as const) {
    const [a, b] = [actual[key], expected[key]];
    if (a === null || b === null) assert.equal(a, b, key);
    else assert.ok(Math.abs(a - b) <= tolerance * Math.max(Math.abs(b), 1e-3), `${key}: ${a} vs ${b}`);
  }
  for (const key of ["skewness", "excessKurtosis"] as const) {
    assert.ok(Math.abs(actual[key]! - expected[key]!) <= 1e-9 * (1 + Math.abs(expected[key]!)), key);
  }
  for (const key of ["ksT", "ksNormal"] as const) assert.ok(Math.abs(actual[key]! - expected[key]!) < 3e-4, key);
  assert.ok(Math.abs(actual.logLikelihood! - expected.logLikelihood!) < nats, "log-likelihood");
}

describe("createAccumulator", () => {
  it("equals fitStudentT bit by bit while the elements are few, however they are cut", () => {
    const data = tSamples(31, 12_000, 5, 0.1, 0.02);
    const whole = fitStudentT(Float64Array.from(data));
    assert.deepEqual(inChunks(data, [1, 7, 4096]).fit(), whole);
    assert.deepEqual(inChunks(data, [12_000]).fit(), whole);
  });

  it("agrees with fitStudentT to 1e-4 on 300 000 elements in uneven chunks", () => {
    const data = tSamples(32, 300_000, 4, 3e-3, 0.02);
    const accumulator = inChunks(data, [100, 65_536, 1, 5000]);
    assert.equal(accumulator.n, 300_000);
    agree(accumulator.fit(), fitStudentT(data), 1e-4);
  });

  it("keeps zeros apart: sparse data, and zeros that are too few to matter", () => {
    const data = tSamples(33, 100_000, 4, 0, 0.02);
    for (let i = 0; i < data.length; i += 5) data[i] = 0;
    agree(inChunks(data, [9999]).fit(), fitStudentT(data), 1e-4);
    const few = tSamples(34, 100_000, 4, 0.01, 0.02).map((x, i) => (i % 5000 === 0 ? 0 : x));
    agree(inChunks(few, [9999]).fit(), fitStudentT(few), 1e-4);
  });

  it("data far from zero keep their resolution", () => {
    const data = tSamples(35, 200_000, 6, 1000, 1);
    agree(inChunks(data, [30_000]).fit(), fitStudentT(data), 2e-3);
  });

  it("a Gaussian and an outlier of 3e38 are seen as by fitStudentT", () => {
    const normal = tSamples(36, 100_000, null, 0, 1);
    assert.equal(inChunks(normal, [5000]).fit().verdict, "gaussian");
    const wild = tSamples(37, 50_000, 5, 0, 1e-3);
    wild[40_000] = 3e38;
    const fit = inChunks(wild, [5000]).fit();
    assert.equal(fit.verdict, "student");
    for (const value of Object.values(fit)) assert.ok(typeof value !== "number" || Number.isFinite(value));
  });

  it("parts merge in any order, also through structuredClone, also with bins of their own", () => {
    const data = tSamples(38, 240_000, 5, 0, 0.05);
    const whole = fitStudentT(data);
    const parts = [0, 1, 2].map((i) => inChunks(data.subarray(i * 80_000, (i + 1) * 80_000), [7000]));
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
    ]) {
      const total = createAccumulator();
      for (const i of order) total.merge(structuredClone(parts[i]!.state()));
      agree(total.fit(), whole, 2e-4, 1e-5);
    }
    const mixed = inChunks(data.subarray(0, 1000), [1000]);
    mixed.merge(inChunks(data.subarray(1000), [50_000]).state());
    agree(mixed.fit(), whole, 2e-4, 1e-5);
  });

  it("a state stays as it was when more is pushed", () => {
    const data = tSamples(39, 40_000, 5, 0, 1);
    const accumulator = inChunks(data.subarray(0, 30_000), [30_000]);
    const early = createAccumulator();
    const state = accumulator.state();
    accumulator.push(data.subarray(30_000));
    early.merge(state);
    assert.equal(early.fit().n, 30_000);
    assert.equal(accumulator.fit().n, 40_000);
  });

  it("constant and discrete streams are named so", () => {
    const constant = inChunks(new Float32Array(50_000).fill(0.25), [5000]).fit();
    assert.equal(constant.verdict, "constant");
    assert.match(constant.message, /all 50000 elements are 0.25/);
    assert.equal(inChunks(new Float32Array(50_000), [5000]).fit().verdict, "constant");
    const grid = inChunks(
      Float32Array.from({ length: 50_000 }, (_, i) => 1 + (i % 7)),
      [5000],
    );
    assert.equal(grid.fit().verdict, "discrete");
  });

  it("NaN is an error that names its index in the whole and takes nothing of the chunk", () => {
    const data = tSamples(40, 30_000, 5, 0, 1);
    const accumulator = inChunks(data, [30_000]);
    const before = accumulator.fit();
    const bad = data.slice(0, 100);
    bad[7] = Number.NaN;
    assert.throws(
      () => accumulator.push(bad),
      (e) => e instanceof UserError && /^w: element 30007 is NaN/.test(e.message),
    );
    assert.deepEqual(accumulator.fit(), before);
    assert.throws(() => createAccumulator({ name: "empty" }).fit(), /empty: no elements/);
  });

  it("a first chunk unlike the rest is an error, not a wrong fit", () => {
    const accumulator = createAccumulator({ name: "drifting" });
    accumulator.push(tSamples(41, 20_000, 5, 0, 1));
    accumulator.push(tSamples(42, 2_000_000, 5, 500, 1));
    assert.throws(() => accumulator.fit(), /drifting: its first 16384 elements, around .*lie too far from the rest/);
  });
});
