import assert from "node:assert/strict";
import { momentsOf } from "../../../evaluate/calibration/index.ts";
import { roundWithFeedback } from "../../../evaluate/methods/feedback.ts";
import { factorize } from "../../../evaluate/methods/hessian.ts";
import { hqqGroups } from "../../../evaluate/methods/hqq.ts";
import { createProducts } from "../../../evaluate/methods/products.ts";
import { parseFormat, quantizerOf } from "../../../formats/index.ts";
import { cols, golden, outputError, quantized, rows, W, X } from "./toy.ts";

/** The golden file has nine decimals, weights here are float32. */
function assertEqual(actual: ArrayLike<number>, expected: readonly (readonly number[])[], tolerance = 1e-7): void {
  expected.flat().forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) < tolerance, `weight ${i}: ${actual[i]} against ${value}`);
  });
}

function assertError(weights: Float32Array, expected: number): void {
  const error = outputError(weights, W, X, cols);
  assert.ok(Math.abs(error - expected) < 1e-5 * expected, `output error ${error} against ${expected}`);
}

const moments = momentsOf(X, cols);
const natural = Uint32Array.from({ length: cols }, (_, j) => j);
const drifting = X.map((value, i) => {
  const [t, j] = [Math.floor(i / cols) + 1, (i % cols) + 1];
  return value + 0.05 * Math.sign(Math.sin(t * j));
});

/**
 * The golden file gives the group of zeros in row 3 a scale of 1, so that the errors of other columns fill it. Here such
 * a group stays zero, and with it row 3 ends elsewhere; the other rows are the same.
 */
const sameRows = (q: readonly number[][]) => q.slice(0, 3);

/** A static grid by the golden file's rule: scale max|w| / max|c|, or 1 for a group of zeros. */
function goldenGrid(format: string, group: number) {
  const quantizer = quantizerOf(parseFormat(format));
  return (row: number, column: number) => {
    const from = row * cols + column - (column % group);
    const scale = quantizer.fitScale(W.subarray(from, from + group)) || 1;
    return (value: number) => quantizer.round(value, scale);
  };
}

async function feedback(at: (row: number, column: number) => (value: number) => number): Promise<Float32Array> {
  const products = createProducts();
  try {
    const { upper } = (await factorize(moments, natural, 0.01, products))!;
    const result = await roundWithFeedback({ rows, cols, weights: W, upper, drift: null, grid: { at }, products });
    return result.weights;
  } finally {
    await products.release();
  }
}

describe("golden vectors of the methods", () => {
  it("the moments of the inputs are half the Hessian 2/n Σ x xᵀ", () => {
    golden.H_diag.forEach((value, j) => {
      assert.ok(Math.abs(2 * moments.gram[j * cols + j]! - value) < 1e-8);
    });
  });

  for (const [name, format] of [
    ["gptq_NF4_static_g8_damp.01", "nf4@g8:fp32"],
    ["gptq_E2M1_static_g8_damp.01", "e2m1@g8:fp32"],
  ] as const) {
    it(`the error feedback in ${format} meets ${name}`, async () => {
      const weights = await feedback(goldenGrid(format, 8));
      assertEqual(weights, golden[name].q);
      assertError(weights, golden[name].err);
    });

    it(`gptq:static in ${format} meets ${name} where no group is zero, rtn its error`, async () => {
      assertEqual((await quantized("gptq:static", format)).weights, sameRows(golden[name].q));
      assertError((await quantized("rtn", format)).weights, golden[name].err_rtn);
    });
  }

  it("gptq:actorder takes the columns of the largest inputs first and meets gptq_NF4_static_g8_actorder", async () => {
    const { weights } = await quantized("gptq:actorder", "nf4@g8:fp32");
    assertEqual(weights, sameRows(golden.gptq_NF4_static_g8_actorder.q));
  });

  it("the error feedback on an asymmetric integer grid meets gptq_int4_asym_row", async () => {
    const ranges = golden.W.map((row) => [Math.min(0, ...row), Math.max(0, ...row)] as const);
    const even = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
    const weights = await feedback((row) => {
      const [min, max] = ranges[row]!;
      const scale = (max - min) / 15;
      const zero = even(-min / scale);
      return (value) => (Math.min(15, Math.max(0, even(value / scale) + zero)) - zero) * scale;
    });
    assertEqual(weights, golden.gptq_int4_asym_row.q);
    assertError(weights, golden.gptq_int4_asym_row.err);
  });

  it("gptaq:static meets gptaq_NF4_static_g8_alpha.25 where no group is zero", async () => {
    const { weights } = await quantized("gptaq:static", "nf4@g8:fp32", { x: drifting, reference: X });
    assertEqual(weights, sameRows(golden["gptaq_NF4_static_g8_alpha.25"].q));
  });

  it("hqq meets hqq_int4_g8 in values, offsets and iterations", async () => {
    const { q, zero, iters } = golden.hqq_int4_g8;
    const some = W.subarray(0, 3 * cols);
    const { weights, extraBitsPerWeight } = await quantized("hqq", "int4-full@g8:fp32", { w: some });
    assertEqual(weights, q);
    assert.equal(extraBitsPerWeight, 2);
    const quantizer = quantizerOf(parseFormat("int4-full@g8:fp32"));
    const spans = zero.map((_, group) => ({ from: group * 8, to: group * 8 + 8 }));
    const { groups, iterations } = hqqGroups(some, spans, quantizer.levels, (x) => quantizer.round(x, 1));
    assert.equal(iterations, iters);
    // Codes 0 … 15 there are levels −8 … 7 here.
    groups.forEach(({ scale, offset }, i) => {
      assert.ok(Math.abs(8 - offset / scale - zero[i]!) < 1e-5, `group ${i}: ${8 - offset / scale} against ${zero[i]}`);
    });
  });

  it("clip meets clip_search_SF4_g8, whose codebook has six digits", async () => {
    const { weights } = await quantized("clip", "sf4@g8:fp32");
    assertEqual(weights, golden.clip_search_SF4_g8.q, 1e-6);
  });
});
