import assert from "node:assert/strict";
import { blockOptimalCodebook, predictedError } from "../../fitting/index.ts";
import { fakeQuantize, getElement, parseFormat } from "../../formats/index.ts";
import { formatSheet, renderSheet } from "../../formats/sheets/index.ts";
import { tSamples } from "./samples.ts";

function assertNear(actual: readonly number[], expected: readonly number[], within: number): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of actual.entries()) assert.ok(Math.abs(value - expected[i]!) <= within, `${i}: ${value}`);
}

describe("optimal codebooks by id", () => {
  it("lmK is Lloyd–Max of the normal (Max 1960, table I) and lmK_NU of a t, in units of the standard deviation", () => {
    const upper = [0.128395, 0.388048, 0.656759, 0.94234, 1.256231, 1.618046, 2.069017, 2.73259];
    assertNear(getElement("lm4").values.slice(8), upper, 2e-6);
    const unitT = [0.193239, 0.591583, 1.028615, 1.542309, 2.197707, 3.128363, 4.67807, 8.159538];
    const deviation = Math.sqrt(5 / 3);
    assertNear(
      getElement("lm4_5").values.slice(8),
      unitT.map((value) => value / deviation),
      2e-6,
    );
    assert.equal(parseFormat("lm4@g64").rule, "rms");
  });

  it("their scale is the root mean square: a t rounds to its published error", () => {
    const data = tSamples(3, 1 << 20, 5, 0, 1);
    const format = parseFormat("lm3_5@tensor:fp32");
    const { sumSquaredError, sumSquares } = fakeQuantize(data, 1024, 1024, format, new Float32Array(data.length));
    assert.ok(Math.abs(sumSquaredError / sumSquares / 0.064416 - 1) < 0.02, `${sumSquaredError / sumSquares}`);
    const four = Float32Array.of(1, -1, 3, -3); // root mean square √5, in which lm2 has ±0.4528 and ±1.5104
    const out = new Float32Array(4);
    fakeQuantize(four, 1, 4, parseFormat("lm2@row:fp32"), out);
    assertNear([...out], [1.01246, -1.01246, 3.37741, -3.37741], 1e-4);
  });

  it("boK_NU-bB is the block-optimal codebook, with -s under signed scales; its predicted error is the least found", () => {
    for (const [id, signed] of [
      ["bo4_5-b128", false],
      ["bo4_5-b128-s", true],
    ] as const) {
      const { values, relativeMse } = blockOptimalCodebook({ nu: 5, blockSize: 128, signed });
      assertNear(getElement(id).values, values, 6e-7);
      const format = parseFormat(`${id}@g128`);
      assert.equal(format.rule, signed ? "signedmax" : "absmax");
      assert.ok(Math.abs(predictedError({ nu: 5 }, format).relativeMse! / relativeMse - 1) < 2e-3, id);
    }
    // 4 million samples, shared facts: t5, blocks of 128, signed.
    const sampled = [-0.8018, -0.5702, -0.4126, -0.2956, -0.2031, -0.1264, -0.0601, 0, 0.0576, 0.1207, 0.1926, 0.278];
    assertNear(getElement("bo4_5-b128-s").values.slice(0, 12), sampled, 3e-3);
  });

  it("has sheets, and one canonical id; what is missing or out of range is named", () => {
    assert.match(renderSheet(formatSheet("bo3-b32-s@g32")), /block-optimal 3-bit, normal, blocks of 32, signed scale/);
    assert.equal(getElement("BO3_5.0-b032").id, "bo3_5-b32");
    const fails = (id: string, message: RegExp) => assert.throws(() => getElement(id), { name: "UserError", message });
    fails("bo4", /name the block it is made for, as in bo4-b128/);
    fails("lm4-b64", /knows no block; lm4/);
    fails("lm7", /2 to 6 bits/);
    fails("lm4_2", /nu above 2.002/);
    fails("bo4-b1", /block size 1/);
  });
});
