import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint, packageRoot } from "../../evaluate/model/index.ts";
import { fitStudentT, fitWithin, predictedError } from "../../fitting/index.ts";
import { fakeQuantize, parseFormat } from "../../formats/index.ts";
import { tSamples } from "./samples.ts";

/** Rows of a t whose scales are log-normal with standard deviation `spread`. */
function rowsOf(seed: number, rows: number, cols: number, nu: number | null, spread: number): Float32Array {
  const scales = tSamples(seed, rows, null, 0, spread).map(Math.exp);
  return tSamples(seed + 1000, rows * cols, nu, 0, 0.01).map((x, i) => x * scales[Math.floor(i / cols)]!);
}

describe("fitWithin", () => {
  it("normal rows of different scale look like t(3) together and are Gaussian within", () => {
    const data = rowsOf(71, 300, 512, null, 0.55);
    const whole = fitStudentT(data);
    assert.ok(whole.nu! > 2 && whole.nu! < 6, `${whole.nu}`);
    const { fit, logScaleSpread, units, length, empty } = fitWithin(data, 512);
    assert.equal(fit.verdict, "gaussian");
    assert.ok(Math.abs(logScaleSpread - 0.55) < 0.07, `${logScaleSpread}`);
    assert.deepEqual([units, length, empty], [300, 512, 0]);
  });

  it("rows of t(5) keep their nu, whatever their scales; with rows of 64 it comes out at most a fifth high", () => {
    for (const spread of [0, 0.6]) {
      const long = fitWithin(rowsOf(72, 300, 1000, 5, spread), 1000).fit.nu!;
      assert.ok(Math.abs(long - 5) < 0.2, `${long}`);
      const short = fitWithin(rowsOf(73, 4000, 64, 5, spread), 64).fit.nu!;
      assert.ok(short > 4.9 && short < 6, `${short}`);
    }
  });

  it("blocks of a row are units too, a tail being its own, and units of zeros are left out", () => {
    const data = rowsOf(74, 50, 100, 5, 0.3);
    data.fill(0, 0, 40);
    const { units, length, empty, fit } = fitWithin(data, 100, 40);
    assert.deepEqual([units, length, empty, fit.n], [150, 40, 1, 4960]);
  });

  it("refuses NaN by index, wrong shapes and zeros only", () => {
    const data = rowsOf(75, 10, 100, 5, 0);
    data[345] = Number.NaN;
    assert.throws(() => fitWithin(data, 100, 100, { name: "w" }), {
      name: "UserError",
      message: /^w: element 345 is NaN/,
    });
    assert.throws(() => fitWithin(data, 33), /1000 elements are not rows of 33/);
    assert.throws(() => fitWithin(data, 100, 1), /units of 1/);
    assert.throws(() => fitWithin(new Float32Array(100), 10), /only zeros/);
  });
});

/** The default sweep's elements when the agreement was measured. */
const ELEMENTS =
  "int3 int4 int4-full int5 nf3 nf4 sf3 sf4 sf4_3 nf5 sf5 e2m0 e2m1 e2m1+sr e2m1+sp e2m1-i e2m1-b e3m0 apot4 apot4+sp flint4 af4 bof4-s iq4_nl e2m2 e3m1 e2m3".split(
    " ",
  );

/** Mean, bias and worst of predicted over measured − 1 for every element on every linear layer. */
function agreement(model: string, group: string) {
  const checkpoint = openCheckpoint(join(packageRoot(), "..", "shared", "models", model));
  const deviations: { whole: number[]; within: number[] } = { whole: [], within: [] };
  for (const name of checkpoint.names().filter((name) => /_proj/.test(name))) {
    const [rows, cols] = checkpoint.info(name).shape as [number, number];
    const data = checkpoint.read(name);
    const whole = fitStudentT(data);
    const within = fitWithin(data, cols);
    const out = new Float32Array(data.length);
    for (const id of ELEMENTS) {
      const format = parseFormat(`${id}@${group}`);
      const { sumSquaredError, sumSquares } = fakeQuantize(data, rows, cols, format, out);
      const blockSize = typeof format.group === "number" ? format.group : cols;
      const over = (fit: typeof whole | typeof within) =>
        (predictedError(fit, format, { blockSize }).relativeMse! * sumSquares) / sumSquaredError - 1;
      deviations.whole.push(over(whole));
      deviations.within.push(over(within));
    }
  }
  checkpoint.close();
  const figures = (values: readonly number[]) => ({
    n: values.length,
    mean: values.reduce((sum, x) => sum + Math.abs(x), 0) / values.length,
    bias: values.reduce((sum, x) => sum + x, 0) / values.length,
    max: Math.max(...values.map(Math.abs)),
  });
  return { whole: figures(deviations.whole), within: figures(deviations.within) };
}

describe("predictedError on real weights, 27 formats × all linear layers", () => {
  /** Measured 2026-11: mean |deviation| and worst, in percent, by the fit within rows and by the whole tensor's. */
  const measured: [
    model: string,
    group: string,
    within: [mean: number, max: number],
    whole: [mean: number, max: number],
  ][] = [
    ["stories260K", "g32", [3.4, 27.5], [16.7, 196]],
    ["babyllama105", "g32", [1.3, 10.1], [3.1, 34.9]],
  ];
  for (const [model, group, within, whole] of measured) {
    it(`${model}, ${group}: off by ${within[0]} % on average and ${within[1]} % at worst from rows, ${whole[0]} % and ${whole[1]} % from whole tensors (skipped where ../shared is absent)`, function () {
      if (!existsSync(join(packageRoot(), "..", "shared", "models", model))) return this.skip();
      const found = agreement(model, group);
      assert.equal(found.within.n, 35 * ELEMENTS.length);
      assert.ok(100 * found.within.mean < within[0] + 0.1, `mean ${found.within.mean}`);
      assert.ok(100 * found.within.max < within[1] + 1, `max ${found.within.max}`);
      assert.ok(Math.abs(found.within.bias) < 0.012, `bias ${found.within.bias}`);
      assert.ok(Math.abs(100 * found.whole.mean - whole[0]) < 0.5, `whole ${found.whole.mean}`);
    });
  }
});
