import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../evaluate/model/index.ts";
import { fakeQuantize, parseFormat, quantize } from "../../formats/index.ts";
import { maxDifference } from "./golden.ts";

type Matrix = number[][];

/** test/golden/blocks.golden.json: numpy float64 results, printed to nine decimals. */
const golden = JSON.parse(readFileSync(join(packageRoot(), "test/golden/blocks.golden.json"), "utf8")) as Record<
  string,
  Matrix
> & {
  four_over_six_g8_mse_top256: { q: Matrix; picked4: boolean[] };
  bitmod_fp3_g8: { q: Matrix; which: number[] };
  special_fp4_pm5_pm8_g8: { q: Matrix; which: number[] };
  clip_search_SF4_g8: { q: Matrix; ratio: number[] };
  gptq_int4_asym_row_err_rtn: number;
};

const W = Float32Array.from(golden.W!.flat());

function rounded(id: string, rows = 4): Float32Array {
  const out = new Float32Array(rows * 16);
  fakeQuantize(W.slice(0, rows * 16), rows, 16, parseFormat(id), out);
  return out;
}

/** Nine printed decimals, and float32 in place of float64. */
const TOLERANCE = 4e-8;

describe("golden vectors of block formats", () => {
  const cases: [id: string, name: string, tolerance?: number][] = [
    ["mxfp4@g8", "mxfp4_g8_ocp_floor"],
    ["mxfp4@g8:rceil", "mxfp4_g8_ceil_div6"],
    ["mxfp4@g8:rounded", "mxfp4_g8_round_1.75"],
    ["nvfp4@g8", "nvfp4_g8"],
    ["twn:fp32", "twn_row"],
    ["btt-ternary:fp32", "btt_ternary_code"],
    ["btt-ternary-paper:fp32", "btt_ternary_paper_mu"],
    ["llmqat4:fp32", "llmqat_w4_row"],
    ["llmqat2:fp32", "llmqat_w2_row"],
    ["paretoq2:fp32", "paretoq_seq_2bit"],
    ["paretoq1.58:fp32", "paretoq_seq_ternary"],
    ["bitdistiller-int2@g8:fp32", "bitdistiller_int2_g8"],
    ["bitdistiller-int3@g8:fp32", "bitdistiller_int3_g8"],
    ["n2f3@g8:fp32", "bitdistiller_n2f3_g8"],
    ["llmfp4-e2m1", "llmfp4_E2M1_row"],
    ["llmfp4-e3m0", "llmfp4_E3M0_row"],
    ["llmfp4-e1m2", "llmfp4_E1M2_row"],
  ];
  for (const [id, name] of cases) {
    it(`${id} gives ${name}`, () => {
      const expected = golden[name]!;
      assert.ok(maxDifference(rounded(id, expected.length), expected.flat()) < TOLERANCE);
    });
  }

  it("btt-binary gives btt_binary_code and llmqat_w1_row, but for exact zeros, which one bit cannot hold", () => {
    for (const name of ["btt_binary_code", "llmqat_w1_row"]) {
      const expected = golden[name]!.flat();
      const got = rounded("btt-binary:fp32");
      let zeros = 0;
      for (const [i, value] of expected.entries()) {
        if (W[i] === 0) {
          assert.equal(value, 0);
          assert.ok(got[i]! > 0);
          zeros++;
        } else assert.ok(Math.abs(got[i]! - value) < TOLERANCE, `${name} ${i}`);
      }
      assert.equal(zeros, 9);
    }
  });

  it("fouroversix picks 4 in the same blocks and gives the same numbers", () => {
    const { q, picked4 } = golden.four_over_six_g8_mse_top256;
    assert.ok(maxDifference(rounded("fouroversix@g8"), q.flat()) < TOLERANCE);
    const largest = Array.from({ length: 8 }, (_, block) => {
      const { codes } = quantize(W, 4, 16, parseFormat("fouroversix@g8"));
      return Math.max(...codes.slice(block * 8, block * 8 + 8).map((code) => code & 7));
    });
    assert.deepEqual(
      largest.slice(0, 7).map((code) => code === 6), // magnitude code 6 is 4, code 7 is 6
      picked4.slice(0, 7),
    );
  });

  it("BitMoD's FP3 and FP4 choose the same codebooks and give the same numbers", () => {
    const fp3 = golden.bitmod_fp3_g8;
    assert.ok(maxDifference(rounded("bitmod3@g8:fp32"), fp3.q.flat()) < TOLERANCE);
    // The golden lists the negative value first, BitMoD and RaZeR the positive one; its index 0 may be one of equals.
    const order = [1, 0, 3, 2];
    const threes = quantize(W, 4, 16, parseFormat("bitmod3@g8:fp32")).choices!;
    for (const [group, index] of fp3.which.entries()) {
      if (index > 0) assert.equal(threes[group], order[index], `group ${group}`);
    }
    const fp4 = golden.special_fp4_pm5_pm8_g8;
    assert.ok(maxDifference(rounded("bitmod4@g8:fp32"), fp4.q.flat()) < TOLERANCE);
    const { choices } = quantize(W, 4, 16, parseFormat("bitmod4@g8:fp32"));
    // Group 3 uses neither special value and group 7 is zero: the first of equals wins, and the lists begin differently.
    for (const [group, index] of fp4.which.entries()) {
      if (group !== 3 && group !== 7) assert.equal(choices![group], order[index], `group ${group}`);
    }
  });

  it("the clip rule finds the golden ratio of each group", () => {
    const { q, ratio } = golden.clip_search_SF4_g8;
    assert.ok(maxDifference(rounded("sf4@g8:clip:fp32"), q.flat()) < 3e-7); // from six-digit SF4
    const { scales } = quantize(W, 4, 16, parseFormat("sf4@g8:clip:fp32"));
    const plain = quantize(W, 4, 16, parseFormat("sf4@g8:fp32")).scales;
    for (const [i, wanted] of ratio.entries()) {
      if (plain[i]! > 0) assert.ok(Math.abs(scales[i]! / plain[i]! - wanted) < 1e-6, `group ${i}`);
    }
  });

  it("asymmetric INT4 by rows has the golden output error", () => {
    const q = rounded("uint4@row:fp32");
    const X = golden.X!;
    let error = 0;
    for (let row = 0; row < 4; row++) {
      for (const x of X) {
        error += x.reduce((sum, value, j) => sum + value * (q[row * 16 + j]! - W[row * 16 + j]!), 0) ** 2;
      }
    }
    assert.ok(Math.abs(error - golden.gptq_int4_asym_row_err_rtn) < 2e-7, String(error));
  });
});
