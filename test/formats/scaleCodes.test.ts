import assert from "node:assert/strict";
import { dequantize, listFormats, parseFormat, quantize, scaleStores } from "../../formats/index.ts";
import { scaleCodes, scalesOfCodes } from "../../formats/packing/index.ts";
import { normals } from "../random.ts";

const [rows, cols] = [3, 300];
const shape = { rows, cols };
const values = Float32Array.from({ length: rows * cols }, normals(8)).map((x) => x * 0.02);
values.fill(0, 0, 32);

describe("scale codes", () => {
  it("bring back every scale bit for bit, and so every weight, for every named format and store", () => {
    const stores = Object.keys(scaleStores).map((store) => `sf4@g16:${store}`);
    for (const id of [...listFormats().map((format) => format.id), ...stores, "e2m1+sr@g16", "e2m1+sr@g16:e4m3"]) {
      const format = parseFormat(id);
      const quantized = quantize(values, rows, cols, format);
      const codes = scaleCodes(quantized, format, shape);
      const { bits } = scaleStores[format.store];
      assert.ok(
        codes.every((code) => code < 2 ** bits),
        id,
      );
      const back = scalesOfCodes(codes, format, shape, quantized);
      for (const [group, scale] of quantized.scales.entries()) {
        if (scale !== 0) assert.equal(back.scales[group], scale, `${id} group ${group}`);
      }
      assert.deepEqual(back.choices, quantized.choices, id);
      const weights = dequantize({ ...quantized, ...back }, rows, cols, format);
      assert.deepEqual(weights, dequantize(quantized, rows, cols, format), id);
    }
  });

  it("are the published bit patterns", () => {
    const pattern = (id: string, ...numbers: number[]) => {
      const format = parseFormat(id);
      const matrix = Float32Array.from(numbers);
      const given = { rows: 1, cols: numbers.length, oversizeGroup: "row" as const };
      return [...scaleCodes(quantize(matrix, 1, numbers.length, format, given), format, given)];
    };
    assert.deepEqual(pattern("mxfp4@row", 6, 1), [127]); // 2^0 in E8M0
    assert.deepEqual(pattern("mxfp4@row", 1, 0.5), [125]); // 2^−2
    assert.deepEqual(pattern("e2m1@row:e4m3", 6, 1), [0x38]); // 1.0 in E4M3
    assert.deepEqual(pattern("nvfp4", 6, 1), [0x7e]); // the tensor's largest block is 448
    assert.deepEqual(
      pattern("int4-full@row", 8, 1).map((code) => code >> 15),
      [1],
    ); // mirrored: the sign of fp16
    assert.deepEqual(pattern("nf4@row:fp32", 1, 0.5), [0x3f800000]);
    assert.deepEqual(pattern("vsquant4@row", 7, 1), [255]);
  });

  it("refuse wrong lengths, patterns too wide and a missing second level", () => {
    const format = parseFormat("nvfp4");
    const quantized = quantize(values, rows, cols, format);
    const codes = scaleCodes(quantized, format, shape);
    const fails = (run: () => unknown, message: RegExp) => assert.throws(run, { name: "UserError", message });
    fails(() => scalesOfCodes(codes.slice(1), format, shape, quantized), /56 scales, expected 57/);
    fails(() => scalesOfCodes([...codes.slice(1), 256], format, shape, quantized), /pattern 256 of group 56/);
    fails(() => scalesOfCodes(codes, format, shape), /second level of the scales is missing/);
    fails(() => scaleCodes({ codes: quantized.codes, scales: quantized.scales }, format, shape), /second level/);
  });
});
