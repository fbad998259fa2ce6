import assert from "node:assert/strict";
import {
  dequantize,
  fakeQuantize,
  groupQuantizerOf,
  listElements,
  makeFormat,
  parseFormat,
  quantize,
  quantizerOf,
} from "../../formats/index.ts";
import { normals, uniforms } from "../random.ts";
import { formatsGolden, maxDifference } from "./golden.ts";

function apply(weights: Float32Array, rows: number, cols: number, id: string) {
  const out = new Float32Array(weights.length);
  return { out, ...fakeQuantize(weights, rows, cols, parseFormat(id), out) };
}

function sample(seed: number, count: number): Float32Array {
  const normal = normals(seed);
  return Float32Array.from({ length: count }, () => 0.02 * normal());
}

describe("fakeQuantize", () => {
  const golden = formatsGolden().rtn;

  it("gives the golden round-to-nearest vectors of numpy (groups of 8, unrounded scale, ties down)", () => {
    const W = Float32Array.from(golden.W.flat());
    for (const [id, name] of [
      ["e2m1@g8:fp32:down", "rtn_E2M1_g8"],
      ["nf4@g8:fp32", "rtn_NF4_g8"],
      ["sf4@g8:fp32", "rtn_SF4_g8"],
      ["nf3@g8:fp32", "rtn_NF3_g8"],
    ] as const) {
      const { out, zeroGroups, groups } = apply(W, 4, 16, id);
      // The golden numbers are printed to nine decimals, from six-digit SF4 and seven-digit NF3 tables.
      assert.ok(maxDifference(out, golden[name].q.flat()) < (name === "rtn_SF4_g8" ? 3e-7 : 3e-8), id);
      assert.deepEqual([zeroGroups, groups], [1, 8]);
      const { scales } = quantize(W, 4, 16, parseFormat(id));
      const expected = golden[name].s.map((scale, i) => (i === 7 ? 0 : scale)); // the golden uses 1 for the zero group
      assert.ok(maxDifference(scales, expected) < 2e-8, id);
    }
  });

  it("gives the golden vectors of GLM-130B's INT4 and LLM-FP4's three floats per row", () => {
    const W = Float32Array.from(golden.W.slice(0, 3).flat());
    for (const [id, expected] of [
      ["int4@row:fp32", golden.glm130b_int4_row],
      ["e2m1@row:fp32", golden.llmfp4_E2M1_row],
      ["e3m0@row:fp32", golden.llmfp4_E3M0_row],
      ["e1m2@row:fp32", golden.llmfp4_E1M2_row],
    ] as const) {
      assert.ok(maxDifference(apply(W, 3, 16, id).out, expected.flat()) < 3e-8, id);
    }
  });

  it("rounds E2M1 ties as the golden tie rule of llm-datatypes", () => {
    const { round } = quantizerOf(parseFormat("e2m1:down"));
    const { x, llm_datatypes_lower } = golden.tie_rule_E2M1;
    assert.deepEqual(
      x.map((value) => round(value, 1)),
      llm_datatypes_lower,
    );
  });

  it("equals dequantize(quantize()) bit for bit, and the quantizer one number at a time, for every element", () => {
    const [rows, cols] = [3, 70];
    const weights = sample(3, rows * cols);
    weights.fill(0, 64, 70); // a tail group of zeros
    for (const element of listElements()) {
      for (const group of [32, 70, "row", "tensor"] as const) {
        for (const store of ["fp16", "fp32"] as const) {
          const format = makeFormat({ element, group, store });
          const out = new Float32Array(weights.length);
          const { sumSquaredError, sumSquares } = fakeQuantize(weights, rows, cols, format, out);
          const quantized = quantize(weights, rows, cols, format);
          const { codes, scales } = quantized;
          assert.deepEqual(dequantize(quantized, rows, cols, format), out, format.id);
          const sum = weights.reduce((total, w, i) => total + (w - out[i]!) ** 2, 0);
          assert.ok(Math.abs(sum - sumSquaredError) <= 1e-12 * sum, format.id);
          assert.ok(Math.abs(weights.reduce((total, w) => total + w * w, 0) - sumSquares) <= 1e-12 * sumSquares);
          if (!groupQuantizerOf(format).plain) continue; // unsigned integers have a zero point
          const quantizer = quantizerOf(format);
          const first = weights.slice(0, group === 32 ? 32 : group === "tensor" ? rows * cols : cols);
          assert.equal(quantizer.fitScale(first), scales[0], format.id);
          assert.equal(quantizer.round(weights[5]!, scales[0]!), out[5], format.id);
          assert.equal(quantizer.encode(weights[5]!, scales[0]!), codes[5], format.id);
        }
      }
    }
  });

  it("is unchanged by powers of two: Q(2^k w) = 2^k Q(w)", () => {
    const weights = sample(4, 512);
    for (const element of listElements()) {
      const format = makeFormat({ element, group: 64 });
      const out = new Float32Array(512);
      fakeQuantize(weights, 4, 128, format, out);
      for (const factor of [0.25, 8, 1024]) {
        const scaled = weights.map((w) => w * factor);
        fakeQuantize(scaled, 4, 128, format, scaled);
        assert.deepEqual(
          scaled,
          out.map((w) => w * factor),
          `${format.id} × ${factor}`,
        );
      }
    }
  });

  it("is idempotent where the scale is exact: rounding a rounded matrix changes nothing", () => {
    const weights = sample(5, 512);
    for (const id of ["int4", "e2m1", "e3m0", "e2m1+sp", "apot4", "nf4"]) {
      const once = apply(weights, 4, 128, `${id}@g64:fp32`).out;
      assert.ok(maxDifference(apply(once, 4, 128, `${id}@g64:fp32`).out, once) < 1e-8, id);
    }
  });

  it("works in place", () => {
    const weights = sample(6, 4000);
    const { out } = apply(weights, 2, 2000, "sf4@row");
    fakeQuantize(weights, 2, 2000, parseFormat("sf4@row"), weights);
    assert.deepEqual(weights, out);
  });

  it("makes a remainder its own group, as a row of that length would be", () => {
    const weights = sample(8, 300);
    const { out, groups } = apply(weights, 1, 300, "nf4@g128");
    assert.equal(groups, 3);
    for (const [from, to] of [
      [0, 128],
      [128, 256],
      [256, 300],
    ] as const) {
      assert.deepEqual(out.slice(from, to), apply(weights.slice(from, to), 1, to - from, "nf4@row").out);
    }
  });

  it("does not let groups cross rows", () => {
    const weights = sample(9, 200);
    const { out, groups } = apply(weights, 2, 100, "nf4@g64");
    assert.equal(groups, 4);
    assert.deepEqual(out.slice(100), apply(weights.slice(100), 1, 100, "nf4@g64").out);
  });

  it("keeps zero groups exactly zero, also in books without a zero and with −0 inside", () => {
    for (const element of listElements()) {
      const format = makeFormat({ element, group: 4 });
      const weights = Float32Array.from([0, -0, 0, 0, 1, -2, 0.5, 0]);
      const out = new Float32Array(8).fill(9);
      const result = fakeQuantize(weights, 1, 8, format, out);
      assert.deepEqual([...out.slice(0, 4)], [0, 0, 0, 0], element.id);
      assert.equal(result.zeroGroups, 1);
      assert.equal(quantize(weights, 1, 8, format).scales[0], 0);
      if (element.values.includes(0)) assert.ok(Object.is(out[7], 0), `${element.id}: ${out[7]}`);
    }
  });

  it("keeps a group of one value, and one spike among zeros", () => {
    for (const element of listElements()) {
      const format = makeFormat({ element, group: "row", store: "fp32" });
      const out = new Float32Array(3);
      fakeQuantize(Float32Array.from([0, 0.3, 0]), 1, 3, format, out);
      if (format.rule === "unit") continue; // maps the largest value beyond the codebook's end by design
      assert.ok(Math.abs(out[1]! - 0.3) < 1e-7, `${element.id}: ${out}`);
    }
  });

  it("names the first number that is not finite, by row, column and tensor", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const weights = sample(10, 200);
      weights[137] = bad;
      weights[140] = Number.NaN;
      const fails = {
        name: "UserError",
        message: new RegExp(`layers\\.0: ${bad} at row 1, column 37 \\(index 137\\)`),
      };
      const options = { name: "layers.0" };
      assert.throws(() => fakeQuantize(weights, 2, 100, parseFormat("nf4@g32"), weights.slice(), options), fails);
      assert.throws(() => quantize(weights, 2, 100, parseFormat("nf4@tensor"), options), fails);
    }
    assert.throws(() => quantizerOf(parseFormat("nf4")).fitScale([1, Number.NaN]), { message: /NaN at index 1/ });
  });

  it("refuses a group larger than the row by name, or clamps it when told", () => {
    const weights = sample(11, 128);
    const format = parseFormat("int4@g128");
    const out = new Float32Array(128);
    assert.throws(() => fakeQuantize(weights, 2, 64, format, out, { name: "model.q" }), {
      name: "UserError",
      message: "int4@g128: group 128 is larger than the row of 64 of model.q; take a group of at most 64, or int4@row",
    });
    fakeQuantize(weights, 2, 64, format, out, { oversizeGroup: "row" });
    assert.deepEqual(out, apply(weights, 2, 64, "int4@row").out);
  });

  it("refuses empty matrices and wrong lengths", () => {
    const format = parseFormat("int4@row");
    const fails = (weights: number, rows: number, cols: number, out: number, message: RegExp) =>
      assert.throws(() => fakeQuantize(new Float32Array(weights), rows, cols, format, new Float32Array(out)), {
        name: "UserError",
        message,
      });
    fails(0, 0, 4, 0, /at least 1/);
    fails(0, 4, 0, 0, /at least 1/);
    fails(6, 1.5, 4, 6, /whole numbers/);
    fails(6, Number.NaN, 4, 6, /whole numbers/);
    fails(6, 2, 4, 6, /6 numbers, expected 2 × 4 = 8/);
    fails(8, 2, 4, 6, /output of 6/);
  });

  it("reproduces the measured relative errors of facts §4 (2^21 numpy samples) on its own samples to 2 %", () => {
    const count = 2 ** 19;
    const normal = normals(20);
    const student = (() => {
      const z = normals(21);
      return () => z() / Math.sqrt(Array.from({ length: 5 }, () => z() ** 2).reduce((a, b) => a + b) / 5);
    })();
    const n = Float32Array.from({ length: count }, normal);
    const t5 = Float32Array.from({ length: count }, student);
    const table: [id: string, n32: number, n128: number, t32: number, t128: number][] = [
      ["nf4", 0.00762, 0.00914, 0.0086, 0.01388],
      ["sf4", 0.0102, 0.01112, 0.0095, 0.01289],
      ["sf4_3", 0.01383, 0.01446, 0.01155, 0.01376],
      ["sf4_7", 0.00918, 0.01026, 0.00903, 0.01295],
      ["int4", 0.00941, 0.01376, 0.01501, 0.02966],
      ["e2m1", 0.01022, 0.01187, 0.01035, 0.01522],
      ["e2m1+sr:clipped", 0.01604, 0.01361, 0.0185, 0.01677],
      ["e2m1+sr:absmax", 0.00985, 0.01155, 0.00962, 0.01375],
      ["e2m1+sr:signedmax", 0.01047, 0.01163, 0.00961, 0.01251],
      ["e2m1+sp", 0.0086, 0.01054, 0.00928, 0.01442],
      ["e2m1+sp2.5", 0.00931, 0.01059, 0.00948, 0.01408],
      ["apot4", 0.00882, 0.01151, 0.01056, 0.01784],
      ["apot4+sp", 0.00758, 0.00992, 0.00954, 0.01669],
      ["e3m0", 0.0326, 0.03705, 0.02788, 0.03339],
      ["e2m1-i", 0.01267, 0.01595, 0.0165, 0.02971],
      ["e2m1-b", 0.01303, 0.01656, 0.01751, 0.0322],
      ["e2m1-ns", 0.01105, 0.01326, 0.01274, 0.0212],
      ["flint4", 0.02469, 0.02544, 0.01898, 0.02034],
      ["af4", 0.00821, 0.00991, 0.00896, 0.0139],
      ["bof4", 0.00691, 0.00898, 0.00887, 0.01561],
      ["iq4_nl:maxabs", 0.00747, 0.0089, 0.01005, 0.01557],
      ["int4-full", 0.00739, 0.01064, 0.01162, 0.02285],
      ["nf3", 0.03349, 0.04396, 0.04312, 0.07595],
      ["sf3-d4", 0.04486, 0.05203, 0.04287, 0.0605],
      ["sf3", 0.03531, 0.04398, 0.04073, 0.06695],
      ["nf3-d4", 0.03603, 0.04439, 0.04079, 0.06627],
      ["int3", 0.05128, 0.0749, 0.07874, 0.14981],
      ["e2m0", 0.04462, 0.05695, 0.05574, 0.09675],
    ];
    for (const [id, ...expected] of table) {
      const [element, ...options] = id.split(":");
      const measured = [n, t5].flatMap((data) =>
        [32, 128].map((group) => {
          const format = [`${element}@g${group}`, ...options, "fp32"].join(":");
          const { sumSquaredError, sumSquares } = apply(data, count / 4096, 4096, format);
          return sumSquaredError / sumSquares;
        }),
      );
      for (const [i, value] of measured.entries()) {
        assert.ok(Math.abs(value / expected[i]! - 1) < 0.02, `${id} column ${i}: ${value}, expected ${expected[i]}`);
      }
    }
  }).timeout(120_000);

  it("a signed scale beats every positive one on super-range, and E2M1 itself", () => {
    const weights = sample(12, 2 ** 16);
    const error = (id: string) => apply(weights, 16, 4096, id).sumSquaredError;
    assert.ok(error("e2m1+sr") < error("e2m1+sr:absmax"));
    assert.ok(error("e2m1+sr:absmax") < error("e2m1"));
    assert.ok(error("e2m1+sr:clipped") > error("e2m1"));
  });

  it("fp16 scales cost under 0.1 % of error against fp32 ones at ordinary magnitudes", () => {
    const weights = sample(13, 2 ** 16);
    for (const id of ["nf4", "int4", "e2m1+sr", "int8"]) {
      const half = apply(weights, 16, 4096, id).sumSquaredError;
      const single = apply(weights, 16, 4096, `${id}:fp32`).sumSquaredError;
      assert.ok(Math.abs(half / single - 1) < (id === "int8" ? 0.02 : 0.001), `${id}: ${half / single}`);
    }
  });
});

describe("dequantize", () => {
  it("refuses wrong lengths, reserved codes, codes too wide and scales that are not finite", () => {
    const format = parseFormat("int4@g2");
    const good = { codes: new Uint8Array(4), scales: new Float32Array(2) };
    assert.deepEqual(dequantize(good, 1, 4, format), new Float32Array(4));
    const fails = (change: Partial<typeof good>, message: RegExp) =>
      assert.throws(() => dequantize({ ...good, ...change }, 1, 4, format), { name: "UserError", message });
    fails({ codes: new Uint8Array(3) }, /3 codes and 2 scales, expected 4 and 2/);
    fails({ scales: new Float32Array(3) }, /3 scales/);
    fails({ codes: Uint8Array.of(0, 0, 8, 0) }, /code 8 at index 2 means nothing in int4/);
    fails({ codes: Uint8Array.of(0, 0, 0, 16) }, /code 16 at index 3/);
    fails({ scales: Float32Array.of(1, Number.NaN) }, /scale NaN of the group of index 2/);
  });

  it("survives random bytes: every result is an error or finite", () => {
    const random = uniforms(30);
    for (let round = 0; round < 200; round++) {
      const codes = Uint8Array.from({ length: 8 }, () => random() * 20);
      const scales = Float32Array.from({ length: 2 }, () => (random() - 0.5) * 1e30);
      try {
        assert.ok(dequantize({ codes, scales }, 1, 8, parseFormat("e2m1@g4")).every(Number.isFinite));
      } catch (error) {
        assert.equal((error as Error).name, "UserError");
      }
    }
  });
});
