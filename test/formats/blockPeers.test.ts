import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../evaluate/model/index.ts";
import { fakeQuantize, parseFormat, quantize } from "../../formats/index.ts";
import { normals } from "../random.ts";

/** What published implementations made of one 2 × 128 matrix; made by make-blocks.py from their code. */
const peers = JSON.parse(readFileSync(join(packageRoot(), "test/golden/block-peers.golden.json"), "utf8")) as {
  [id: string]: number[];
} & { rows: number; cols: number; "nf4-dq": { scales: number[]; absmax: number[] } };
const x = Float32Array.from(peers.x!);

function compare(id: string, name = id): { different: number; largest: number } {
  const out = new Float32Array(x.length);
  fakeQuantize(x, peers.rows, peers.cols, parseFormat(id), out);
  let [different, largest] = [0, 0];
  for (const [i, expected] of peers[name]!.entries()) {
    const error = Math.abs(out[i]! - expected);
    if (error > 1e-6 * Math.abs(expected)) different++;
    largest = Math.max(largest, error);
  }
  return { different, largest };
}

describe("block formats beside their published implementations", () => {
  const cases: [id: string, name?: string][] = [
    ["nvfp4"],
    ["fouroversix", "fouroversix:mse"],
    ["fouroversix:mae"],
    ["fouroversix:maxerr", "fouroversix:abs_max"],
    ["if4"],
    ["mxfp4:rceil"],
    ...["mxfp4", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp8_e4m3", "mxfp8_e5m2", "mxint8"].flatMap((id): [string][] => [
      [id],
      [`${id}:away`],
    ]),
    ["hif4"],
    ["gguf-q4_0"],
    ["gguf-q4_1"],
    ["gguf-q8_0"],
    ["razer4-code"],
    ["olive4"],
    ["bitmod4@g32:fp32", "bitmod4"],
    ["bitmod3@g32:fp32", "bitmod3"],
    ["bitmod4-er@g32:fp32", "bitmod4-er"],
    ["bitmod4-ea@g32:fp32", "bitmod4-ea"],
  ];
  for (const [id, name] of cases) {
    it(`${id} gives the numbers of ${name ?? id}`, () => {
      assert.deepEqual(compare(id, name).different, 0);
    });
  }

  it("nf4-dq stores the scales that bitsandbytes stores", () => {
    const { scales, absmax } = peers["nf4-dq"];
    // One number a group is enough: its magnitude is the group's largest.
    const matrix = new Float32Array(absmax.length * 64);
    for (const [group, largest] of absmax.entries()) matrix[group * 64 + 9] = largest;
    const stored = quantize(matrix, 64, 512, parseFormat("nf4-dq")).scales;
    let changed = 0;
    for (const [group, expected] of scales.entries()) {
      assert.ok(Math.abs(stored[group]! - expected) <= 3e-8, `group ${group}: ${stored[group]}, expected ${expected}`);
      if (Math.abs(expected - absmax[group]!) > 1e-5) changed++;
    }
    assert.ok(changed > 300, String(changed));
  });
});

describe("families of codebooks on drawn numbers", () => {
  it("have the relative errors measured in numpy on 2^21 other numbers, to 2 %", () => {
    const count = 2 ** 18;
    const z = normals(21);
    const t5 = () => z() / Math.sqrt(Array.from({ length: 5 }, () => z() ** 2).reduce((a, b) => a + b) / 5);
    const data = [normals(20), t5].map((draw) => Float32Array.from({ length: count }, draw));
    // Normal numbers in groups of 16, 32, 128; Student t with 5 degrees of freedom in the same groups. Scales unrounded.
    const measured: Record<string, number[]> = {
      "bitmod4-er": [0.00603, 0.00753, 0.00991, 0.00626, 0.00848, 0.0139],
      bitmod4: [0.00548, 0.00709, 0.00958, 0.00525, 0.00727, 0.01155],
      fouroversix: [0.00739, 0.00926, 0.01172, 0.00726, 0.00982, 0.01519],
      if4: [0.00597, 0.00796, 0.01119, 0.00654, 0.00934, 0.01515],
      "e2m1+sp:clip": [0.00611, 0.00738, 0.0093, 0.00627, 0.00827, 0.01297],
    };
    for (const [id, expected] of Object.entries(measured)) {
      const [stem, ...options] = id.split(":");
      const errors = data.flatMap((values) =>
        [16, 32, 128].map((group) => {
          const format = parseFormat([`${stem}@g${group}`, ...options, "fp32"].join(":"));
          const { sumSquaredError, sumSquares } = fakeQuantize(values, count / 4096, 4096, format, values.slice());
          return sumSquaredError / sumSquares;
        }),
      );
      for (const [i, error] of errors.entries()) {
        assert.ok(Math.abs(error / expected[i]! - 1) < 0.02, `${id} column ${i}: ${error}, expected ${expected[i]}`);
      }
    }
  }).timeout(60_000);
});
