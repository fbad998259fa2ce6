import assert from "node:assert/strict";
import { getElement, parseFormat, quantizerOf } from "../../formats/index.ts";
import { type ScaleStoreId, scaleStores } from "../../formats/scaleStores.ts";
import { floatSweep, mlDtypesGolden, scaleSweep, sha256 } from "./mldtypes.ts";

const golden = mlDtypesGolden();

describe("the float elements and ml_dtypes", () => {
  for (const [id, expected] of Object.entries(golden.floats)) {
    it(`${id} has the values of ${expected.dtype} on all codes`, () => {
      const { codes, values } = getElement(id);
      if (expected.codes !== null) assert.deepEqual(codes, expected.codes); // tells 0 from −0
      assert.equal(sha256(Float32Array.from(codes, (value) => (value ?? Number.NaN) + 0)), expected.codesSha256);
      assert.deepEqual(
        codes.flatMap((value, code) => (value === null ? [code] : [])),
        expected.reserved,
      );
      assert.deepEqual([values.at(-1), values.find((value) => value > 0)], [expected.max, expected.smallest]);
    });

    it(`${id} rounds as ${expected.dtype} on ${expected.sweep.count} inputs of all magnitudes with every tie`, () => {
      const { round } = quantizerOf(parseFormat(`${id}:fp32`));
      for (const [input, rounded] of expected.ties) assert.equal(round(input, 1), rounded, `${input}`);
      const inputs = floatSweep(getElement(id).values);
      assert.deepEqual([inputs.length, sha256(inputs)], [expected.sweep.count, expected.sweep.inputsSha256]);
      assert.equal(sha256(inputs.map((x) => round(x, 1))), expected.sweep.roundedSha256);
    });
  }
});

describe("the types of scales and ml_dtypes", () => {
  for (const [id, expected] of Object.entries(golden.scales)) {
    it(`${id} rounds as its type there on ${expected.count} positive numbers`, () => {
      const { smallest, largest, round } = scaleStores[id as ScaleStoreId];
      assert.deepEqual([smallest, largest], [expected.smallest, expected.largest]);
      const inputs = scaleSweep(expected.start, largest);
      assert.equal(inputs.length, expected.count);
      assert.equal(sha256(inputs.map(round)), expected.roundedSha256);
    });
  }
});

describe("NF4, FP4 and AF4 and bitsandbytes", () => {
  it("have its tables in its order of codes", () => {
    const { nf4, af4, "e2m1-b": fp4 } = golden.bitsandbytes;
    const codes = (id: string) => Float32Array.from(getElement(id).codes as number[]);
    assert.deepEqual(codes("nf4"), Float32Array.from(nf4!.table));
    assert.deepEqual(codes("af4"), Float32Array.from(af4!.table));
    // Its FP4 is divided by 12: 0.0625/12 is printed with seven digits there, and its −0 has no sign.
    const scaled = (getElement("e2m1-b").codes as number[]).map((value) => value / 12);
    assert.ok(scaled.every((value, code) => Math.abs(value - fp4!.table[code]!) < 2.5e-8));
  });

  for (const id of ["nf4", "e2m1-b"] as const) {
    it(`${id} rounds as its quantize_4bit on a grid of 65537 inputs, and on the bounds of its bins`, () => {
      const { table, grid, bounds, boundsRounded } = golden.bitsandbytes[id]!;
      const ascending = [...new Set(table)].map((value) => value + 0).sort((a, b) => a - b);
      // On the CPU its ties go down (on CUDA FP4's go towards zero, the rule of e2m1-b).
      const { round, levels } = quantizerOf(parseFormat(`${id}:down:fp32`));
      const largest = levels.at(-1)!;
      const ours = (x: number) => ascending[levels.indexOf(round(x * largest, 1))]!;
      const inputs = Float32Array.from({ length: grid!.count }, (_, i) => (i - 32768) / 32768);
      assert.equal(sha256(inputs.map(ours)), grid!.roundedSha256);
      // Its bounds are midpoints rounded to float32: where that went up, the bound itself is above the exact midpoint.
      const up = new Set<number>();
      for (const [i, bound] of [...new Set(bounds)].entries()) {
        const exact = (levels[i]! + levels[i + 1]!) / 2 / largest;
        if (bound > exact) up.add(bound);
        else assert.equal(ours(bound), Math.fround(boundsRounded![bounds!.indexOf(bound)]!), `${bound}`);
      }
      assert.ok(up.size < 8, `${up.size} of ${bounds!.length} bounds rounded up`);
    });
  }
});
