import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fitStudentT } from "../../fitting/index.ts";
import { UserError } from "../../formats/error.ts";
import { golden, packageRoot } from "./golden.ts";
import { tSamples, uniforms } from "./samples.ts";

const within = (actual: number | null, expected: number, tolerance: number, what: string) =>
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= tolerance,
    `${what}: ${actual} vs ${expected} ± ${tolerance}`,
  );

describe("fitStudentT against scipy", () => {
  for (const g of golden().fits) {
    if (g.trueNu === null) continue;
    it(`equals the exact maximum likelihood on ${g.n} samples of t(${g.trueNu})`, () => {
      const f = fitStudentT(tSamples(g.seed, g.n, g.trueNu, g.trueLocation, g.trueScale));
      assert.equal(f.verdict, g.n === 500 ? f.verdict : "student");
      within(f.logLikelihood, g.logLikelihood, 1e-8, "log-likelihood");
      within(f.logLikelihoodNormal, g.logLikelihoodNormal, 1e-9, "normal log-likelihood");
      within(f.nu, g.nu, 1e-4 * g.nu, "nu");
      within(f.location, g.location, 1e-5 * g.scale, "location");
      within(f.scale, g.scale, 1e-5 * g.scale, "scale");
      within(f.nuStderr, g.nuStderr, 1e-3 * g.nuStderr, "standard error of nu");
      within(f.locationStderr, g.locationStderr, 1e-3 * g.locationStderr, "standard error of the location");
      within(f.scaleStderr, g.scaleStderr, 1e-3 * g.scaleStderr, "standard error of the scale");
      within(f.ksT, g.ksT, 1.5e-4, "KS distance to the t");
      within(f.ksNormal, g.ksNormal, 1.5e-4, "KS distance to the normal");
      within(f.excessKurtosis, g.excessKurtosis, 1e-9 * Math.abs(g.excessKurtosis), "excess kurtosis");
      within(f.skewness, g.skewness, 1e-8, "skewness");
      within(f.nu, g.trueNu!, 4 * f.nuStderr!, "true nu");
      within(f.location, g.trueLocation, 4 * f.locationStderr!, "true location");
      within(f.scale, g.trueScale, 4 * f.scaleStderr!, "true scale");
      assert.ok(f.nuLower! < f.nu! && f.nuLower! > 0.5 * f.nu!);
      assert.ok(f.ksDelta! > 0);
    });
  }
});

describe("fitStudentT names what it sees", () => {
  it("normal data are gaussian: nu is null with a lower bound, location and scale are the normal's", () => {
    const g = golden().fits.find((x) => x.trueNu === null)!;
    const f = fitStudentT(tSamples(g.seed, g.n, null, g.trueLocation, g.trueScale));
    assert.equal(f.verdict, "gaussian");
    assert.equal(f.nu, null);
    assert.equal(f.nuStderr, null);
    assert.ok(f.nuLower! > 20 && f.nuLower! < 1000, `nuLower ${f.nuLower}`);
    within(f.scale, g.trueScale, 4 * f.scaleStderr!, "scale");
    within(f.ksNormal, g.ksNormal, 1.5e-4, "KS distance to the normal");
    assert.ok(f.gain! >= 0 && f.gain! < 3e-4);
  });

  it("few samples of t(5) are called gaussian only with a bound that admits 5", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const f = fitStudentT(tSamples(seed, 100, 5, 0, 1));
      if (f.verdict === "gaussian") assert.ok(f.nuLower! < 25, `seed ${seed}: nuLower ${f.nuLower}`);
      else assert.ok(f.verdict === "student" && f.nu! < 25, `seed ${seed}: ${f.verdict} ${f.nu}`);
    }
  });

  it("at most one in a hundred normal samples is called student", () => {
    let student = 0;
    for (let seed = 1; seed <= 100; seed++)
      if (fitStudentT(tSamples(seed, 1000, null, 0, 1)).verdict !== "gaussian") student++;
    assert.ok(student <= 1, `${student} of 100`);
  });

  it("t(50) in a million samples is student, not gaussian, and nu is right", () => {
    const f = fitStudentT(tSamples(8, 1 << 20, 50, 0, 1));
    assert.equal(f.verdict, "student");
    within(f.nu, 50, 4 * f.nuStderr!, "nu");
  });

  it("two modes are poor", () => {
    const x = tSamples(9, 20000, 5, 0, 1).map((v, i) => v + (i % 2 === 0 ? 5 : -5));
    const f = fitStudentT(x);
    assert.equal(f.verdict, "poor");
    assert.ok(f.ksT! > 0.15);
    assert.match(f.message, /neither a t nor a normal fits/);
  });

  it("a uniform tensor is poor, and its tails are known to be light", () => {
    const uniform = uniforms(10);
    const f = fitStudentT(Float32Array.from({ length: 50000 }, () => uniform()));
    assert.equal(f.verdict, "poor");
    within(f.ksNormal, 0.0577, 0.005, "KS distance");
    within(f.excessKurtosis, -1.2, 0.02, "excess kurtosis of a uniform");
  });

  it("zeros are counted apart and the rest is fitted", () => {
    const x = tSamples(11, 40000, 4, 0, 0.02);
    for (let i = 0; i < x.length; i += 4) x[i] = 0;
    const f = fitStudentT(x);
    assert.equal(f.verdict, "sparse");
    assert.equal(f.zeroFraction, 0.25);
    assert.equal(f.fitted, 30000);
    assert.equal(f.n, 40000);
    within(f.nu, 4, 4 * f.nuStderr!, "nu of the non-zero elements");
    assert.match(f.message, /25\.0 % exact zeros; the other elements: Student t/);
  });

  it("a few zeros, and zero as one value of a grid, are not sparse", () => {
    const x = tSamples(18, 500, 5, 0, 1);
    x.fill(0, 0, 6);
    assert.equal(fitStudentT(x).verdict === "sparse", false);
    const grid = tSamples(19, 50000, null, 0, 30).map(Math.round);
    const f = fitStudentT(grid);
    assert.equal(f.verdict, "gaussian");
    assert.ok(f.zeroFraction > 0.01);
  });

  it("one absurd outlier moves nu a little and leaves every figure finite", () => {
    const x = tSamples(20, 50000, 5, 0, 1e-3);
    const before = fitStudentT(x);
    x[9] = 3e38;
    const f = fitStudentT(x);
    assert.equal(f.verdict, "student");
    assert.ok(f.nu! < before.nu! && f.nu! > 4, `${before.nu} -> ${f.nu}`);
    for (const value of Object.values(f)) assert.ok(typeof value !== "number" || Number.isFinite(value));
  });

  it("skewed data are poor, and so is a mixture of two widths", () => {
    const uniform = uniforms(21);
    assert.equal(fitStudentT(Float32Array.from({ length: 30000 }, () => -Math.log(uniform()))).verdict, "poor");
    const mixture = tSamples(22, 30000, null, 0, 1).map((v, i) => (i % 2 === 0 ? v : v * 1e-6));
    const f = fitStudentT(mixture);
    assert.equal(f.verdict, "poor");
    assert.equal(f.nuStderr, null);
  });

  it("a tensor of zeros with three numbers in it says that three are too few", () => {
    const x = new Float32Array(1000);
    x.set([1, 2, 3], 10);
    const f = fitStudentT(x);
    assert.equal(f.verdict, "sparse");
    assert.equal(f.fitted, 3);
    assert.equal(f.nu, null);
    assert.match(f.message, /3 elements are too few/);
  });

  it("a constant, one element and a tiny tensor have no nu", () => {
    assert.equal(fitStudentT(new Float32Array(100)).verdict, "constant");
    const constant = fitStudentT(new Float32Array(100).fill(0.1));
    assert.equal(constant.verdict, "constant");
    assert.equal(constant.excessKurtosis, null);
    assert.match(constant.message, /all 100 elements are 0.1/);
    assert.equal(fitStudentT(Float32Array.of(3)).verdict, "constant");
    const tiny = fitStudentT(Float32Array.of(1, 2, 3, 5));
    assert.equal(tiny.verdict, "tiny");
    assert.equal(tiny.mean, 2.75);
    assert.equal(tiny.nu, null);
    assert.equal(tiny.ksT, null);
  });

  it("quantized values are discrete", () => {
    const uniform = uniforms(12);
    const levels = Float32Array.from({ length: 10000 }, () => 1 + Math.floor(uniform() * 15));
    assert.equal(fitStudentT(levels).verdict, "discrete");
    const atom = tSamples(13, 10000, 5, 0, 1).map((v, i) => (i % 3 === 0 ? 0.5 : v));
    const f = fitStudentT(atom);
    assert.equal(f.verdict, "discrete");
    assert.match(f.message, /one value holds 33 %/);
  });

  it("location far from zero, subnormal and huge scales do not matter", () => {
    const shape = fitStudentT(tSamples(14, 30000, 5, 0, 1)).nu!;
    within(fitStudentT(tSamples(14, 30000, 5, 1000, 1)).nu, shape, 0.02, "nu around 1000");
    within(fitStudentT(tSamples(14, 30000, 5, 0, 1e-38)).nu, shape, 1e-3, "nu of subnormals");
    within(fitStudentT(tSamples(14, 30000, 5, 0, 1e36)).nu, shape, 1e-3, "nu of huge values");
  });

  it("bfloat16 data fit like float32 data", () => {
    const x = tSamples(15, 100000, 5, 0, 0.02);
    const full = fitStudentT(x);
    const bits = new Uint32Array(x.buffer);
    bits.forEach((b, i) => {
      bits[i] = b & 0xffff0000;
    });
    const f = fitStudentT(x);
    assert.equal(f.verdict, "student");
    within(f.nu, full.nu!, 0.02, "nu");
  });

  it("NaN, infinity and no data are errors that name the tensor and the index", () => {
    const x = tSamples(16, 1000, 5, 0, 1);
    x[777] = Number.NaN;
    assert.throws(
      () => fitStudentT(x, { name: "layers.0.q_proj" }),
      (e) => e instanceof UserError && /layers\.0\.q_proj: element 777 is NaN/.test(e.message),
    );
    x[777] = 0;
    x[3] = Number.NEGATIVE_INFINITY;
    assert.throws(
      () => fitStudentT(x),
      (e) => e instanceof UserError && /element 3 is -Infinity/.test(e.message),
    );
    assert.throws(
      () => fitStudentT(new Float32Array(0)),
      (e) => e instanceof UserError && /no elements/.test(e.message),
    );
  });

  it("the same data give the same bits twice, and a million elements take under half a second here", () => {
    const x = tSamples(17, 1 << 20, 5, 0, 1);
    const start = performance.now();
    const first = fitStudentT(x);
    const elapsed = performance.now() - start;
    assert.deepEqual(fitStudentT(x), first);
    assert.ok(elapsed < 500, `${elapsed.toFixed(0)} ms`);
  });
});

describe("fitStudentT on real weights", () => {
  const file = (model: string) => join(packageRoot(), "..", "shared", "models", model, "model.safetensors");

  it("stories260K: queries and keys of the first layers have nu about 3 (skipped where ../shared is absent)", function () {
    if (!existsSync(file("stories260K"))) return this.skip();
    const tensors = readFloats(file("stories260K"));
    const nus = [...tensors]
      .filter(([name]) => /q_proj|k_proj/.test(name))
      .map(([name, x]) => fitStudentT(x, { name }).nu!);
    assert.equal(nus.length, 10);
    for (const nu of nus) assert.ok(nu > 2.5 && nu < 3.7, `nu ${nu}`);
  });

  it("babyllama105: some matrices are Gaussian and none has nu about 3 (skipped where ../shared is absent)", function () {
    if (!existsSync(file("babyllama105"))) return this.skip();
    const fits = [...readFloats(file("babyllama105"))]
      .filter(([name]) => /_proj/.test(name))
      .map(([name, x]) => fitStudentT(x, { name }));
    assert.ok(fits.some((f) => f.verdict === "gaussian" && f.nuLower! > 20));
    for (const f of fits) assert.ok(f.nu === null || f.nu > 5, `nu ${f.nu}`);
  });
});

/** F32 tensors of a safetensors file. */
function readFloats(path: string): Map<string, Float32Array> {
  const bytes = readFileSync(path);
  const header = Number(bytes.readBigUInt64LE(0));
  const entries = JSON.parse(bytes.toString("utf8", 8, 8 + header)) as Record<
    string,
    { dtype: string; data_offsets: [number, number] }
  >;
  const out = new Map<string, Float32Array>();
  for (const [name, entry] of Object.entries(entries)) {
    if (entry.dtype !== "F32") continue;
    const [from, to] = entry.data_offsets;
    out.set(name, new Float32Array(Uint8Array.from(bytes.subarray(8 + header + from, 8 + header + to)).buffer));
  }
  return out;
}
