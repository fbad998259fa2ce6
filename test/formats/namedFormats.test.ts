import assert from "node:assert/strict";
import {
  bitsPerWeight,
  dequantize,
  type Format,
  fakeQuantize,
  getElement,
  groupQuantizerOf,
  listFormats,
  namedFormat,
  parseFormat,
  quantize,
  scaleRules,
  scaleStores,
} from "../../formats/index.ts";
import { formatSheet, renderSheet } from "../../formats/sheets/index.ts";
import { normals, uniforms } from "../random.ts";

/** Normal numbers with a few outliers, a group of zeros and a constant group. */
function sample(seed: number, count: number): Float32Array {
  const normal = normals(seed);
  const values = Float32Array.from({ length: count }, (_, i) => 0.02 * normal() * (i % 53 === 7 ? 8 : 1));
  values.fill(0, 128, 256);
  values.fill(0.03, 256, 272);
  return values;
}

function rounded(values: Float32Array, rows: number, cols: number, format: Format): Float32Array {
  const out = new Float32Array(values.length);
  fakeQuantize(values, rows, cols, format, out);
  return out;
}

/** Every named format, and its published variants. */
const formats: Format[] = [
  ...listFormats(),
  ...["floor", "ceil", "rceil", "rounded", "away"].flatMap((option) =>
    ["mxfp4", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp8_e4m3", "mxfp8_e5m2", "mxint8"].map((id) =>
      parseFormat(`${id}:${option}`),
    ),
  ),
  ...[
    "fouroversix:mae",
    "fouroversix:maxerr",
    "fouroversix:e4m3-tensor",
    "bitmod4@g64:fp16",
    "bitmod3@row:bf16",
    "ant4@tensor",
    "bitnet1.58@row",
    "vsquant4:int6-row",
    "vsquant4:int4-row",
    "nf4@g64:affine",
    "sf4@g32:twosided:bf16",
    "e2m1+sr@g16:e4m3",
    "e2m1@g16:e5m3",
    "int4@g32:e3m3-tensor",
    "int4@g32:e8m0",
    "uint3@g48",
    "uint8@row",
    "af4@g64:dyn8-256",
    "sf4@g32:antgrid",
  ].map(parseFormat),
];

describe("named formats", () => {
  it("fakeQuantize equals dequantize(quantize()) bit for bit, with tails, zero groups and in place", () => {
    for (const format of formats) {
      for (const [rows, cols] of [
        [3, 512],
        [5, 300],
      ] as const) {
        const values = sample(1, rows * cols);
        const size = typeof format.group === "number" ? Math.min(format.group, cols) : format.group;
        assert.ok(size);
        const out = rounded(values, rows, cols, format);
        assert.deepEqual(dequantize(quantize(values, rows, cols, format), rows, cols, format), out, format.id);
        const inPlace = values.slice();
        fakeQuantize(inPlace, rows, cols, format, inPlace);
        assert.deepEqual(inPlace, out, `${format.id} in place`);
        assert.ok(out.every(Number.isFinite), format.id);
      }
    }
  });

  it("the reported error is that of the numbers", () => {
    for (const format of formats) {
      const values = sample(2, 1024);
      const out = new Float32Array(1024);
      const { sumSquaredError, sumSquares } = fakeQuantize(values, 2, 512, format, out);
      const error = values.reduce((sum, value, i) => sum + (value - out[i]!) ** 2, 0);
      assert.ok(Math.abs(error - sumSquaredError) <= 1e-9 * error, format.id);
      // Fewer bits may be worse than zeros: ParetoQ's levels end at ±¾ of the largest magnitude and have no zero.
      if (format.elements[0]!.bits > 3) assert.ok(sumSquaredError < 0.2 * sumSquares, format.id);
    }
  });

  it("a code decodes to a number that encodes to the same number: rounding twice with one fit changes nothing", () => {
    const values = sample(3, 64);
    for (const format of formats) {
      if (format.coder === "olive" || format.rule.includes("centred") || ["twn", "llmqat"].includes(format.rule))
        continue;
      if (format.store === "dyn8-256") continue; // codes follow from another scale than numbers
      const quantizer = groupQuantizerOf(format, { weights: values, rows: 1, cols: 64, oversizeGroup: "row" });
      const fit = quantizer.fit(values.slice(0, 64));
      const once = quantizer.round(values, fit);
      assert.deepEqual(quantizer.round(once, fit), once, format.id);
    }
  });

  it("zeros stay exactly zero", () => {
    for (const format of formats) {
      assert.deepEqual(rounded(new Float32Array(256), 1, 256, format), new Float32Array(256), format.id);
    }
  });

  it("survives extreme numbers: a clear error or finite results", () => {
    for (const format of formats) {
      for (const magnitude of [1e-45, 1e-38, 1e-20, 1, 1e20, 3e38]) {
        const values = Float32Array.from({ length: 256 }, (_, i) => magnitude * Math.sin(i) * (i % 64 === 3 ? 1 : 0.3));
        try {
          assert.ok(
            rounded(values, 1, 256, format).every((value) => !Number.isNaN(value)),
            `${format.id} ${magnitude}`,
          );
        } catch (error) {
          assert.equal((error as Error).name, "UserError", `${format.id} ${magnitude}: ${(error as Error).message}`);
          assert.match((error as Error).message, /above the/);
        }
      }
      const bad = sample(4, 256);
      bad[200] = Number.NaN;
      assert.throws(() => rounded(bad, 1, 256, format), { name: "UserError", message: /NaN at row 0, column 200/ });
    }
  });

  it("dequantize refuses fields of another format, codes too wide and choices out of range", () => {
    const random = uniforms(5);
    for (const format of formats) {
      const values = sample(6, 512);
      const good = quantize(values, 1, 512, format);
      const fails = (change: object, message: RegExp) =>
        assert.throws(() => dequantize({ ...good, ...change }, 1, 512, format), { name: "UserError", message });
      fails({ codes: good.codes.slice(1) }, /511 codes/);
      const bits = Math.max(...format.elements.map((element) => element.bits));
      if (bits < 8)
        fails(
          { codes: good.codes.map((code, i) => (i === 77 ? 2 ** bits : code)) },
          /code \d+ at index 7[67] means nothing/,
        );
      if (good.choices) fails({ choices: good.choices.map(() => 200) }, /choice 200 of group 0/);
      else fails({ choices: new Uint8Array(good.scales.length) }, /choices, expected none/);
      if (good.zeroPoints) fails({ zeroPoints: undefined }, /no zeroPoints/);
      if (good.offsets) fails({ offsets: good.offsets.map(() => Number.NaN) }, /offset NaN/);
      fails({ scales: good.scales.map(() => Number.POSITIVE_INFINITY) }, /scale Infinity/);
      for (let round = 0; round < 5; round++) {
        const codes = Uint8Array.from({ length: 512 }, () => random() * 256);
        try {
          assert.ok(dequantize({ ...good, codes }, 1, 512, format).every(Number.isFinite));
        } catch (error) {
          assert.equal((error as Error).name, "UserError", format.id);
        }
      }
    }
  });

  it("ids are canonical and read back; each name and alias is one format's alone and no element's", () => {
    const names = listFormats().flatMap(({ name }) => [name!, ...namedFormat(name!)!.aliases]);
    assert.equal(new Set(names).size, names.length);
    assert.ok(listFormats().length >= 40, String(listFormats().length));
    for (const format of formats) assert.deepEqual(parseFormat(format.id.toUpperCase()), format);
    for (const { name, aliases } of listFormats().map(({ name }) => ({ name, aliases: namedFormat(name!)!.aliases }))) {
      for (const alias of aliases) assert.equal(parseFormat(alias).id, name);
      for (const each of [name!, ...aliases]) assert.throws(() => getElement(each), { name: "UserError" }, each);
    }
    assert.equal(parseFormat("mxfp4@g32:floor:even:e8m0").id, "mxfp4");
    assert.equal(parseFormat("bitmod4@g64:fp16:mae").id, "bitmod4@g64:fp16:mae");
  });

  it("sheets are plain data with source and storage, and render every codebook", () => {
    for (const format of formats) {
      const sheet = formatSheet(format.id);
      assert.deepEqual(JSON.parse(JSON.stringify(sheet)), sheet, format.id);
      assert.equal(sheet.codebooks.length, format.elements.length);
      const text = renderSheet(sheet);
      assert.doesNotMatch(text, /undefined|NaN\b(?!;|,| )/, format.id);
      for (const { id } of format.elements) assert.ok(text.includes(id), format.id);
      assert.ok(sheet.source.length > 10);
    }
    const bitmod = renderSheet(formatSheet("bitmod4"));
    assert.match(bitmod, /bits\/weight {2}4\.078125 \(4 \+ 8 scale \+ 2 choice per group of 128\) \+ 16 per row/);
    assert.match(bitmod, /licence {6}MIT/);
    assert.match(renderSheet(formatSheet("razer4")), /patent application by Cornell/);
  });
});

describe("bits per weight of named formats", () => {
  it("are the published ones", () => {
    const published: Record<string, number> = {
      mxfp4: 4.25,
      mxfp6_e2m3: 6.25,
      mxfp6_e3m2: 6.25,
      mxfp8_e4m3: 8.25,
      mxfp8_e5m2: 8.25,
      mxint8: 8.25,
      nvfp4: 4.5,
      fouroversix: 4.5,
      if4: 4.5,
      if3: 3.5,
      if6_e2m3: 6.5,
      razer4: 4.5,
      "razer4-a": 4.5,
      hif4: 4.5,
      blockdialect4: 4.28125,
      bitmod4: 4.078125,
      "bitmod4:fp16": 4.140625,
      bitmod3: 3.078125,
      "gguf-q4_0": 4.5,
      "gguf-q4_1": 5,
      "gguf-q8_0": 8.5,
      "gguf-iq4_nl": 4.5,
      "nf4-dq": 4.125,
      vsquant4: 4.5,
      n2f3: 3.25,
      "bitdistiller-int2": 2.140625,
      "uint4@g128": 4.15625,
      "nf4@g64:affine": 4.5,
    };
    for (const [id, bits] of Object.entries(published)) assert.equal(formatSheet(id).bitsPerWeight, bits, id);
    assert.equal(formatSheet("twn").bitsPerWeight, null);
  });

  it("count second levels, rows and tails exactly", () => {
    const bits = (id: string, rows: number, cols: number) => bitsPerWeight(parseFormat(id), cols, rows);
    assert.equal(bits("nvfp4", 4, 256), 4.5 + 32 / 1024);
    assert.equal(bits("nvfp4", 1, 40), 4 + (3 * 8 + 32) / 40);
    assert.equal(bits("bitmod4", 4, 256), 4 + 10 / 128 + 16 / 256);
    assert.equal(bits("nf4-dq", 64, 512), 4 + 8 / 64 + (2 * 32 + 32) / (64 * 512));
    assert.equal(bits("gguf-iq4_xs", 4, 256), 4.25);
    assert.equal(bits("twn", 4, 256), 2 + 16 / 256);
    assert.equal(bits("bitnet1.58", 4, 256), 2 + 16 / 1024);
    assert.equal(bits("olive4", 1, 64), 4.5);
    assert.throws(() => bitsPerWeight(parseFormat("nvfp4"), 64), { name: "UserError", message: /number of rows/ });
    assert.equal(bitsPerWeight(parseFormat("bitmod4"), 256), 4 + 10 / 128 + 16 / 256);
  });
});

describe("every scale rule with every scale store", () => {
  it("either is refused by name or rounds as it stores, bit for bit", () => {
    const values = sample(11, 288);
    let [possible, refused] = [0, 0];
    for (const element of ["sf4", "e2m1+sr", "uint3", "iq4_nl", "binary", "e4m3"]) {
      for (const rule of Object.keys(scaleRules)) {
        for (const store of Object.keys(scaleStores)) {
          try {
            const format = parseFormat(`${element}@g32:${rule}:${store}`);
            const out = rounded(values, 3, 96, format);
            assert.deepEqual(dequantize(quantize(values, 3, 96, format), 3, 96, format), out, format.id);
            assert.ok(out.every(Number.isFinite), format.id);
            possible++;
          } catch (error) {
            if ((error as Error).name !== "UserError") throw error;
            refused++;
          }
        }
      }
    }
    assert.ok(possible > 1500 && refused > 200, `${possible} ${refused}`);
  });
});

describe("unknown and impossible formats", () => {
  const fails = (id: string, message: RegExp) =>
    assert.throws(() => parseFormat(id), { name: "UserError", message }, id);

  it("name the nearest named format too", () => {
    fails("mxpf4", /did you mean mxfp4/);
    fails("nvfp44", /nvfp4/);
    fails("bitmod5", /bitmod/);
    fails("mxfp4:florr", /did you mean floor/);
  });

  it("vector codebooks are out of scope, and the message says so", () => {
    for (const id of ["quip#", "quip-sharp", "e8p", "qtip", "aqlm", "vptq", "exl3", "iq2_xxs"]) {
      fails(id, /vector codebooks are out of scope.*scalar formats/);
    }
  });

  it("a layout with a fixed group says so where a row is too short for it", () => {
    const matrix = new Float32Array(32);
    assert.throws(() => fakeQuantize(matrix, 1, 32, parseFormat("hif4"), matrix, { name: "w" }), {
      name: "UserError",
      message: "hif4: group 64 is larger than the row of 32 of w; its layout fixes the group, take another format",
    });
    assert.throws(() => fakeQuantize(matrix, 1, 32, parseFormat("bitmod4"), matrix), /at most 32, or bitmod4@row/);
  });

  it("parts that exclude each other are refused", () => {
    fails("e2m1+sr@g32:e8m0", /may mirror.*e8m0 has no sign/);
    fails("if4:signed", /holds the choice of codebook/);
    fails("sf4:zeropoint", /consecutive integers, not sf4; affine/);
    fails("iq4_nl:twosided", /twosided needs/);
    fails("nf4:affine:int8-row", /no room/);
    fails("hif4@g32", /fixed by its layout/);
    fails("olive4:fp16", /fixed by its layout/);
    fails("nvfp4:mse", /groups choose a codebook/);
    fails("sf4:mae", /groups choose a codebook/);
  });
});

describe("fakeQuantize of large matrices", () => {
  it("by the SIMD program equals the general way, code by code", () => {
    const [rows, cols] = [64, 512];
    const values = sample(9, rows * cols);
    for (const id of [
      "mxfp4",
      "mxfp6_e2m3",
      "nvfp4",
      "vsquant4",
      "sf4@g64",
      "e2m1+sr@row",
      "int4@tensor:fp32",
      "nf4-dq",
    ]) {
      const format = parseFormat(id);
      const out = new Float32Array(values.length);
      const { sumSquaredError, sumSquares, groups, zeroGroups } = fakeQuantize(values, rows, cols, format, out);
      assert.deepEqual(dequantize(quantize(values, rows, cols, format), rows, cols, format), out, id);
      const error = values.reduce((sum, value, i) => sum + (value - out[i]!) ** 2, 0);
      assert.ok(Math.abs(sumSquaredError / error - 1) < 1e-11 && sumSquares > error, id);
      assert.equal(groups, quantize(values, rows, cols, format).scales.length);
      assert.equal(zeroGroups, typeof format.group === "number" ? 128 / format.group : 0, id);
    }
    values[20_000] = Number.NaN;
    assert.throws(() => fakeQuantize(values, rows, cols, parseFormat("mxfp4"), values), {
      message: /NaN at row 39, column 32/,
    });
  });
});
