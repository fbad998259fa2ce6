import assert from "node:assert/strict";
import { blockOptimalCodebook, lloydMax, predictedError } from "../../fitting/index.ts";
import { element } from "../../formats/element.ts";
import { fakeQuantize, makeFormat, parseFormat } from "../../formats/index.ts";
import { defineCodebook } from "../../formats/own/index.ts";
import { tSamples } from "./samples.ts";

/** facts/formats-and-paper.md §3: printed to six digits; the normal's agree with Max (1960), Table I. */
const LLOYD_MAX: [nu: number | null, positive: number[], relativeMse: number][] = [
  [null, [0.797885], 0.36338],
  [null, [0.45278, 1.510418], 0.117482],
  [null, [0.245094, 0.756005, 1.343909, 2.151946], 0.034548],
  [null, [0.128395, 0.388048, 0.656759, 0.94234, 1.256231, 1.618046, 2.069017, 2.73259], 0.009501],
  [5, [0.594053, 2.24013], 0.184641],
  [5, [0.348713, 1.120607, 2.195706, 4.333603], 0.064416],
  [5, [0.193239, 0.591583, 1.028615, 1.542309, 2.197707, 3.128363, 4.67807, 8.159538], 0.019874],
];

/** arXiv 2505.06653, Table 8 (BOF4) and Tables 7–8 (BOF4-S), normal weights, found there by Lloyd's algorithm on samples. */
const BOF4: [blockSize: number, signed: boolean, values: number[]][] = [
  [
    64,
    false,
    [
      -1, -0.7535689203869577, -0.5792681492535123, -0.4386720084478466, -0.3168191039791481, -0.2060291109696586,
      -0.1015640796456471, 0, 0.0887646748673216, 0.1794535266886747, 0.274249773841407, 0.375951029286045,
      0.4885925268369112, 0.6187715546288008, 0.7790828367844242, 1,
    ],
  ],
  [
    64,
    true,
    [
      -0.8568463921546936, -0.6692874431610107, -0.5235266089439392, -0.4004882574081421, -0.2910638153553009,
      -0.1900092959403992, -0.0938529595732689, 0, 0.0887671709060669, 0.1794802695512772, 0.2743096053600311,
      0.3760197460651398, 0.4886530041694641, 0.6188603639602661, 0.7791395783424377, 1,
    ],
  ],
  [
    32,
    true,
    [
      -0.8732797503, -0.6907446384, -0.5437039137, -0.4173701704, -0.3038933575, -0.1986017823, -0.098155722, 0,
      0.0925938413, 0.1870480031, 0.2855197489, 0.3907126188, 0.506283164, 0.6379748583, 0.7956376672, 1,
    ],
  ],
];

/** facts §4: Lloyd on 4 million samples, errors good to about 0.3 %. */
const BLOCK_ERRORS: [nu: number | null, blockSize: number, signed: boolean, relativeMse: number, within: number][] = [
  [5, 32, false, 0.00831, 0.003],
  [5, 128, false, 0.01237, 0.003],
  [5, 4096, false, 0.02052, 0.01],
  [5, 128, true, 0.01136, 0.003],
  [null, 32, false, 0.00688, 0.003],
  [null, 32, true, 0.00633, 0.003],
  [null, 128, false, 0.00893, 0.003],
  [null, 128, true, 0.00819, 0.003],
];

describe("lloydMax", () => {
  for (const [nu, positive, relativeMse] of LLOYD_MAX) {
    const law = nu === null ? "the normal" : `t(${nu})`;
    it(`gives the ${2 * positive.length} published levels of ${law} to all printed digits`, () => {
      const found = lloydMax(nu, 2 * positive.length);
      assert.deepEqual(
        found.values.slice(positive.length).map((x) => Number(x.toFixed(6))),
        positive,
      );
      assert.deepEqual(
        found.values.map((x) => -x).reverse(),
        found.values.map((x) => x),
      );
      assert.equal(Number(found.relativeMse.toFixed(6)), relativeMse);
    });
  }

  it("one level is the mean, an odd number has zero, and 256 approach Panter and Dite's limit", () => {
    assert.deepEqual([lloydMax(null, 1).values.map(Math.abs), lloydMax(null, 1).relativeMse], [[0], 1]);
    assert.equal(Math.abs(lloydMax(5, 3).values[1]!), 0);
    // π √3 / 2 / N² for the normal.
    const limit = 2.7207 / 256 ** 2;
    const found = lloydMax(null, 256).relativeMse;
    assert.ok(found < limit && found > 0.97 * limit, `${found} vs ${limit}`);
  });

  it("refuses a t without a second moment and numbers of levels out of range", () => {
    assert.throws(() => lloydMax(2, 16), { name: "UserError", message: /nu 2 has no second moment/ });
    for (const levels of [0, 257, 2.5, Number.NaN]) {
      assert.throws(() => lloydMax(null, levels), { name: "UserError", message: /levels; expected a whole number/ });
    }
  });
});

describe("blockOptimalCodebook", () => {
  for (const [blockSize, signed, values] of BOF4) {
    it(`gives BOF4${signed ? "-S" : ""} of block ${blockSize} to its sampling noise of 3e-4`, () => {
      const found = blockOptimalCodebook({ nu: null, blockSize, signed }).values;
      assert.equal(found.length, 16);
      found.forEach((x, k) => {
        assert.ok(Math.abs(x - values[k]!) < 3e-4, `level ${k}: ${x} vs ${values[k]}`);
      });
      assert.ok(found.includes(0) && found.includes(1));
    });
  }

  it("gives the t(5), block 128 levels that Lloyd found on four million samples, within their noise", () => {
    const expected = [
      -1, -0.6736, -0.4729, -0.3323, -0.2255, -0.1391, -0.0658, 0, 0.0573, 0.1201, 0.1917, 0.2767, 0.3812, 0.5169,
      0.706, 1,
    ];
    blockOptimalCodebook({ nu: 5, blockSize: 128 }).values.forEach((x, k) => {
      assert.ok(Math.abs(x - expected[k]!) < 2e-3, `level ${k}: ${x} vs ${expected[k]}`);
    });
  });

  for (const [nu, blockSize, signed, relativeMse, within] of BLOCK_ERRORS) {
    const what = `${nu === null ? "the normal" : `t(${nu})`}, block ${blockSize}${signed ? ", signed" : ""}`;
    it(`${what}: relative MSE ${relativeMse}`, () => {
      const found = blockOptimalCodebook({ nu, blockSize, signed }).relativeMse;
      assert.ok(Math.abs(found / relativeMse - 1) < within, `${found}`);
    });
  }

  it("predictedError gives the same error, and moving any free level either way raises it", () => {
    for (const signed of [false, true]) {
      const { values, relativeMse } = blockOptimalCodebook({ nu: 3, blockSize: 64, levels: 8, signed });
      const errorOf = (codes: readonly number[]) => {
        const own = element({ id: "own", family: "table", bits: 3, codes, tie: "even" });
        const format = makeFormat({ element: own, group: 64, rule: signed ? "signedmax" : "absmax" });
        return predictedError({ nu: 3 }, format).relativeMse!;
      };
      assert.ok(Math.abs(errorOf(values) - relativeMse) < 1e-9);
      for (const [k, value] of values.entries()) {
        if (value === 0 || Math.abs(value) === 1) continue;
        for (const shift of [-0.004, 0.004]) {
          assert.ok(errorOf(values.with(k, value + shift)) > relativeMse * (1 + 1e-6), `level ${k}`);
        }
      }
    }
  });

  it("is a codebook of one's own in formats/, which then measures the error foretold", () => {
    const data = tSamples(91, 1 << 20, 5, 0, 0.02);
    for (const [signed, rule] of [
      [false, "absmax"],
      [true, "signedmax"],
    ] as const) {
      const { values, relativeMse } = blockOptimalCodebook({ nu: 5, blockSize: 128, signed });
      const { id } = defineCodebook({ id: `t5-${rule}`, values });
      const format = parseFormat(`${id}@g128:${rule}`);
      const { sumSquaredError, sumSquares } = fakeQuantize(data, 256, 4096, format, new Float32Array(data.length));
      assert.ok(Math.abs((relativeMse * sumSquares) / sumSquaredError - 1) < 0.01, `${rule}`);
    }
  });

  it("without a pinned zero an absmax codebook is symmetric", () => {
    const { values } = blockOptimalCodebook({ nu: 5, blockSize: 32, zero: false, levels: 8 });
    values.forEach((x, k) => {
      assert.ok(Math.abs(x + values[7 - k]!) < 1e-7, `${values}`);
    });
  });

  it("works from blocks of 2 to blocks of 2^24, for nu 2.1 to 1000 and up to 256 levels", () => {
    for (const nu of [2.1, 3, 1000, null]) {
      for (const blockSize of [2, 16, 2 ** 24]) {
        const { values, relativeMse } = blockOptimalCodebook({ nu, blockSize });
        assert.ok(values.every((x, k) => k === 0 || x > values[k - 1]!));
        assert.ok(relativeMse > 0 && relativeMse < 0.1, `nu ${nu}, block ${blockSize}: ${relativeMse}`);
      }
    }
    assert.ok(blockOptimalCodebook({ nu: 5, blockSize: 128, levels: 256 }).relativeMse < 6e-5);
  });

  it("refuses options out of range, naming them", () => {
    const ask = (options: object) => () => blockOptimalCodebook({ nu: 5, blockSize: 128, ...options });
    assert.throws(ask({ nu: 1 }), /nu 1 has no second moment/);
    assert.throws(ask({ nu: Number.NaN }), /nu=NaN/);
    assert.throws(ask({ blockSize: 1 }), /block size 1/);
    assert.throws(ask({ levels: 3 }), /3 levels; expected a whole number from 4/);
  });
});
