import assert from "node:assert/strict";
import {
  bitsPerWeight,
  fakeQuantize,
  getElement,
  listElements,
  makeFormat,
  parseFormat,
  quantize,
  quantizerOf,
  scaleStores,
} from "../../formats/index.ts";

const rounded = (id: string, values: number[]) => {
  const out = new Float32Array(values.length);
  fakeQuantize(Float32Array.from(values), 1, values.length, parseFormat(id), out);
  return [...out];
};

describe("scale rules", () => {
  it("clipped repeats llm-datatypes on super-range: −8 becomes −6; the default keeps it", () => {
    const block = [-8, 4, 1, 0.5];
    assert.deepEqual(rounded("e2m1+sr@row:clipped", block), [-6, 4, 1, 0.5]);
    assert.deepEqual(rounded("e2m1+sr@row", block), [-8, 4, 1, 0.5]);
    assert.deepEqual(rounded("e2m1+sr@row", [8, -4, -1, -0.5]), [8, -4, -1, -0.5]);
  });

  it("give the scale worked out by hand for a book of −6 … +8", () => {
    const scale = (rule: string, values: number[]) =>
      quantizerOf(parseFormat(`e2m1+sr@row:${rule}:fp32`)).fitScale(values);
    assert.deepEqual(
      ["absmax", "signed", "signedmax", "clipped", "maxabs"].map((rule) => scale(rule, [-24, 6])),
      [4, -3, -3, 3, 3],
    );
    assert.deepEqual(
      ["absmax", "signed", "signedmax", "clipped", "maxabs"].map((rule) => scale(rule, [-18, 24])),
      [3, 3, 3, 3, 3],
    );
    // Both sides equal: neither orientation avoids the short side.
    assert.deepEqual(
      ["absmax", "signed", "signedmax"].map((rule) => scale(rule, [-24, 24])),
      [4, 4, 3],
    );
    assert.deepEqual(
      ["clipped", "maxabs"].map((rule) => quantizerOf(parseFormat(`denorm4:${rule}:fp32`)).fitScale([-42])),
      [7, 6],
    );
  });

  it("map the value of largest magnitude to −8 in full-range int4 and to −127 in IQ4_NL", () => {
    const largest = (id: string, values: number[]) => {
      const { codes } = quantize(Float32Array.from(values), 1, values.length, parseFormat(id));
      return getElement(id.split("@")[0]!).codes[codes[0]!];
    };
    assert.equal(largest("int4-full@row", [3, -1, 0.5]), -8);
    assert.equal(largest("int4-full@row", [-3, 1, 0.5]), -8);
    assert.equal(largest("iq4_nl@row", [3, -1, 0.5]), -127);
    assert.equal(largest("iq4_nl@row", [-3, 1, 0.5]), -127);
  });

  it("absmax and signed never clip: no error exceeds half the widest step, for every element", () => {
    const values = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i) * (i % 37 === 0 ? 4 : 1));
    for (const element of listElements().filter((each) => each.values[0]! < 0)) {
      for (const rule of ["absmax", "signed"] as const) {
        const format = makeFormat({ element, group: 16, rule, store: "fp32" });
        const out = new Float32Array(values.length);
        fakeQuantize(values, 1, values.length, format, out);
        const { scales } = quantize(values, 1, values.length, format);
        const { levels } = quantizerOf(format);
        const widest = levels.reduce((step, level, i) => (i === 0 ? 0 : Math.max(step, level - levels[i - 1]!)), 0);
        for (let i = 0; i < values.length; i++) {
          const limit = (widest / 2) * Math.abs(scales[Math.floor(i / 16)]!) * (1 + 1e-6);
          assert.ok(Math.abs(out[i]! - values[i]!) <= limit, `${format.id} at ${i}`);
        }
      }
    }
  });

  it("a book with no negative side still gets a finite scale", () => {
    const element = { ...getElement("int2"), id: "unsigned", codes: [0, 1, 2, 3], values: [0, 1, 2, 3] };
    for (const rule of ["absmax", "signed", "signedmax", "clipped", "maxabs"] as const) {
      const { fitScale } = quantizerOf(makeFormat({ element, rule, store: "fp32" }));
      assert.ok(Number.isFinite(fitScale([-6, -3])), rule);
      assert.notEqual(fitScale([-6, -3]), 0, rule);
    }
  });
});

describe("scale stores", () => {
  it("fp16 rounds as IEEE half precision, subnormals and overflow included", () => {
    const { round } = scaleStores.fp16;
    const cases: [number, number][] = [
      [1 + 2 ** -11, 1],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [0.1, 0.0999755859375],
      [65504, 65504],
      [65519, 65504],
      [65520, Number.POSITIVE_INFINITY],
      [2 ** -24, 2 ** -24],
      [2 ** -25, 0],
      [1.5 * 2 ** -25, 2 ** -24],
      [1e-5, 168 * 2 ** -24],
      [1e-30, 0],
    ];
    for (const [x, expected] of cases) assert.equal(round(x), expected, String(x));
  });

  it("bf16 rounds to eight significant bits, ties to even", () => {
    const { round, largest } = scaleStores.bf16;
    assert.deepEqual([1 + 2 ** -8, 1 + 3 * 2 ** -8, 0.1].map(round), [1, 1 + 2 ** -6, 0.10009765625]);
    assert.equal(round(largest), largest);
    assert.equal(largest, 3.3895313892515355e38);
    assert.equal(round(3.4e38), Number.POSITIVE_INFINITY);
  });

  it("a stored scale is one the store holds: its float16 bits for int4", () => {
    const { scales } = quantize(Float32Array.from([0.123, -0.5]), 1, 2, parseFormat("int4@row"));
    assert.equal(scales[0], 0.0714111328125); // float16(0.5 / 7)
  });

  it("tiny groups keep a scale above zero, in every store", () => {
    for (const store of ["fp16", "bf16", "fp32"]) {
      for (const tiny of [1e-45, 1e-40, 1e-30, 1e-9]) {
        const out = rounded(`nf4@row:${store}`, [tiny, -tiny, 0]);
        assert.ok(out.every(Number.isFinite), `${store} ${tiny}: ${out}`);
        const { scales } = quantize(Float32Array.from([tiny]), 1, 1, parseFormat(`nf4@row:${store}`));
        assert.ok(scales[0]! > 0);
      }
    }
    const inRange = rounded("nf4@row:fp32", [1e-40, -1e-40]);
    assert.deepEqual(inRange, [Math.fround(1e-40), -Math.fround(1e-40)]);
  });

  it("codebooks printed as ±1 and as ±448 reach equally small weights in fp16", () => {
    const small = [1e-4, -3e-5];
    const [a, b] = [rounded("e4m3@row", small), small];
    assert.ok(
      a.every((value, i) => Math.abs(value - b[i]!) < Math.abs(b[i]!) / 16),
      String(a),
    );
  });

  it("a scale above the store's range is an error that names the group, not an infinity", () => {
    const huge = Float32Array.from([1, 2, 3e38, 1]);
    const out = new Float32Array(4);
    assert.throws(() => fakeQuantize(huge, 1, 4, parseFormat("nf4@g2"), out, { name: "w" }), {
      name: "UserError",
      message: /group 1 of w needs a scale of 3\S*e\+38, above the 65504 of fp16/,
    });
    fakeQuantize(huge, 1, 4, parseFormat("nf4@g2:bf16"), out);
    assert.ok(out.every(Number.isFinite));
  });
});

describe("bitsPerWeight", () => {
  it("counts the scale of every group, a shorter tail included", () => {
    const bits = (id: string, cols: number, rows?: number) => bitsPerWeight(parseFormat(id), cols, rows);
    assert.equal(bits("sf4", 128), 4.125);
    assert.equal(bits("sf4", 4096), 4.125);
    assert.equal(bits("sf4:fp32", 256), 4.25);
    assert.equal(bits("sf4", 300), 4.16); // three groups of 128, 128, 44
    assert.equal(bits("sf4", 129), 4 + 32 / 129);
    assert.equal(bits("e2m3@g32", 64), 6.5);
    assert.equal(bits("int3@row", 64), 3.25);
    assert.equal(bits("int3@tensor", 64, 4), 3 + 16 / 256);
  });

  it("asks for the rows of a per-tensor scale, and refuses groups larger than the row", () => {
    assert.throws(() => bitsPerWeight(parseFormat("int3@tensor"), 64), {
      name: "UserError",
      message: /number of rows/,
    });
    assert.throws(() => bitsPerWeight(parseFormat("sf4"), 64), { name: "UserError", message: /group 128 is larger/ });
    assert.equal(bitsPerWeight(parseFormat("sf4"), 64, 1, { oversizeGroup: "row" }), 4.25);
  });
});
