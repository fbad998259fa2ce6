import assert from "node:assert/strict";
import {
  dequantize,
  fakeQuantize,
  getElement,
  listElements,
  listFormats,
  makeFormat,
  quantize,
} from "../../formats/index.ts";
import { exportCodes, importCodes, packCodes, packedRowBytes, unpackCodes } from "../../formats/packing/index.ts";
import { type CodeOrder, codeOrders } from "../../formats/packing/orders.ts";
import type { Packing } from "../../formats/packing/packCodes.ts";
import { normals } from "../random.ts";
import { mlDtypesGolden } from "./mldtypes.ts";

const golden = mlDtypesGolden();
const packings: readonly Packing[] = ["low", "high", "int32", "int32-padded"];

describe("packCodes and unpackCodes", () => {
  it("put the bits where each packing says", () => {
    const codes = Uint8Array.of(0b001, 0b010, 0b111, 0b100);
    assert.deepEqual([...packCodes(codes, 3, "low")], [0b11010001, 0b00001001]);
    assert.deepEqual([...packCodes(codes, 3, "high")], [0b00101011, 0b11000000]);
    assert.deepEqual([...packCodes(codes, 3, "int32")], [0b11010001, 0b00001001, 0, 0]);
    const eleven = Uint8Array.from({ length: 11 }, () => 7);
    assert.deepEqual([...packCodes(eleven, 3, "int32")], [255, 255, 255, 255, 1, 0, 0, 0]);
    assert.deepEqual([...packCodes(eleven, 3, "int32-padded")], [255, 255, 255, 63, 7, 0, 0, 0]);
    assert.deepEqual([...packCodes(Uint8Array.of(1, 2, 3), 4, "low")], [0x21, 0x03]);
    assert.deepEqual([...packCodes(Uint8Array.of(1, 2, 3), 4, "high")], [0x12, 0x30]);
  });

  it("return every code of every width, packing and row length", () => {
    for (const packing of packings) {
      for (let bits = 1; bits <= 8; bits++) {
        for (const cols of [1, 7, 32, 33]) {
          const codes = Uint8Array.from({ length: 3 * cols }, (_, i) => (i * 37 + (i >> 3)) % 2 ** bits);
          const bytes = packCodes(codes, bits, packing, cols);
          assert.equal(bytes.length, 3 * packedRowBytes(cols, bits, packing));
          assert.deepEqual(unpackCodes(bytes, codes.length, bits, packing, cols), codes, `${packing} ${bits} ${cols}`);
        }
      }
    }
    assert.equal(packCodes(new Uint8Array(0), 4, "low").length, 0);
    assert.equal(unpackCodes(new Uint8Array(0), 0, 4, "high").length, 0);
  });

  it("return what every element makes of a matrix, bit for bit", () => {
    const normal = normals(5);
    const weights = Float32Array.from({ length: 3 * 45 }, normal);
    for (const element of listElements()) {
      const { codes } = quantize(weights, 3, 45, makeFormat({ element, group: 15 }));
      for (const packing of packings) {
        const bytes = packCodes(codes, element.bits, packing, 45);
        assert.deepEqual(unpackCodes(bytes, codes.length, element.bits, packing, 45), codes, element.id);
      }
    }
  });

  it("return the codes of every named format, which decode to what fakeQuantize gives", () => {
    const weights = Float32Array.from({ length: 2 * 512 }, normals(6));
    for (const format of listFormats()) {
      const quantized = quantize(weights, 2, 512, format);
      const { bits } = format.elements[0]!;
      const expected = new Float32Array(weights.length);
      fakeQuantize(weights, 2, 512, format, expected);
      for (const packing of packings) {
        const bytes = packCodes(quantized.codes, bits, packing, 512);
        assert.equal(bytes.length, 2 * packedRowBytes(512, bits, packing));
        const codes = unpackCodes(bytes, weights.length, bits, packing, 512);
        assert.deepEqual(dequantize({ ...quantized, codes }, 2, 512, format), expected, `${format.id} ${packing}`);
      }
    }
    assert.ok(listFormats().length >= 20);
  });

  it("refuse wide codes, widths, ragged rows and wrong lengths", () => {
    const fails = (run: () => unknown, message: RegExp) => assert.throws(run, { name: "UserError", message });
    fails(() => packCodes(Uint8Array.of(1, 8), 3, "low"), /code 8 at index 1 is wider than 3 bits/);
    fails(() => packCodes(Uint8Array.of(1), 9, "low"), /codes of 9 bits; 1 to 8/);
    fails(() => packCodes(Uint8Array.of(1), 0, "low"), /codes of 0 bits/);
    fails(() => packCodes(Uint8Array.of(1, 2, 3), 4, "low", 2), /3 codes are no whole number of rows of 2/);
    fails(
      () => unpackCodes(new Uint8Array(3), 8, 4, "low"),
      /3 bytes for 1 rows of 8 4-bit codes packed low, expected 4/,
    );
    fails(() => unpackCodes(new Uint8Array(3), Number.NaN, 4, "low"), /no whole number/);
    fails(() => packCodes(Uint8Array.of(1), 4, "middle" as Packing), /packing "middle"; known: low, high/);
  });
});

describe("the orders of other libraries", () => {
  it("bitsandbytes: NF4 and FP4 pack to the bytes of its quantize_4bit", () => {
    for (const id of ["nf4", "e2m1-b"] as const) {
      const element = getElement(id);
      const { packed, table } = golden.bitsandbytes[id]!;
      const largest = Math.max(...element.values);
      // The table, four times over, as its own quantize_4bit got it.
      const weights = Float32Array.from({ length: 64 }, (_, i) => table[i % 16]! * 0.5 * largest);
      const { codes } = quantize(weights, 1, 64, makeFormat({ element, group: 64, store: "fp32" }));
      const stored = exportCodes(codes, element, "bitsandbytes");
      const bytes = packCodes(stored, 4, codeOrders.bitsandbytes.packing(element)!);
      const zeros = (list: ArrayLike<number>) => Array.from(list, (byte) => byte);
      // Its second zero of FP4 (code 8) is the first one here.
      const expected = packed!.map((byte) => (id === "nf4" ? byte : byte === 0x89 ? 0x09 : byte));
      assert.deepEqual(zeros(bytes), expected, id);
      assert.deepEqual(importCodes(unpackCodes(bytes, 64, 4, "high"), element, "bitsandbytes"), codes);
    }
  });

  it("compressed-tensors: integers of 2 to 8 bits and E2M1 pack to the bytes of its own functions", () => {
    for (const [width, bytes] of Object.entries(golden.compressedTensors.int)) {
      const bits = Number(width);
      const element = getElement(`int${bits}-full`);
      const codes = Uint8Array.from({ length: 3 * 37 }, (_, i) => {
        const [row, col] = [Math.floor(i / 37), i % 37];
        return ((col * 7 + 3 * row) % 2 ** bits) - 2 ** (bits - 1); // two's complement in the low bits
      }).map((code) => code & (2 ** bits - 1));
      const stored = exportCodes(codes, element, "compressed-tensors");
      const packing = codeOrders["compressed-tensors"].packing(element)!;
      assert.deepEqual([...packCodes(stored, bits, packing, 37)], bytes, `${bits} bits`);
      const back = unpackCodes(Uint8Array.from(bytes), 3 * 37, bits, packing, 37);
      assert.deepEqual(importCodes(back, element, "compressed-tensors"), codes);
    }
    const e2m1 = getElement("e2m1");
    const codes = Uint8Array.from({ length: 32 }, (_, i) => (i < 16 ? i : 31 - i));
    const packing = codeOrders["compressed-tensors"].packing(e2m1)!;
    assert.deepEqual(
      [...packCodes(exportCodes(codes, e2m1, "compressed-tensors"), 4, packing, 16)],
      golden.compressedTensors.e2m1,
    );
  });

  it("llm-datatypes: codes of its INT_MAPPING", () => {
    const signed = (id: string, values: number[]) => {
      const element = getElement(id);
      const codes = Uint8Array.from(values, (value) => element.codes.indexOf(value));
      const half = 2 ** (element.bits - 1);
      return [...exportCodes(codes, element, "llm-datatypes")].map((code) => (code >= half ? code - 2 * half : code));
    };
    assert.deepEqual(signed("nf4", [-1, 0, 1]), [7, 0, -1]);
    assert.deepEqual(signed("nf3", [-1, 0, 1]), [3, 0, -1]);
    assert.deepEqual(signed("e2m1", [-6, -0.5, 0, 0.5, 6]), [-1, -7, 0, 1, 7]);
    assert.deepEqual(signed("e2m1-b", [-12, 0, 0.0625, 12]), [-5, 0, 1, 3]);
    assert.deepEqual(signed("e2m1+sr", [-6, -0.5, 0, 8]), [-8, -6, -7, 7]);
  });

  it("import what they export, for every element they have, and refuse what they have not", () => {
    let pairs = 0;
    for (const order of Object.keys(codeOrders) as CodeOrder[]) {
      for (const element of listElements()) {
        if (codeOrders[order].table(element) === undefined) continue;
        pairs++;
        const codes = Uint8Array.from(element.codes.flatMap((value, code) => (value === null ? [] : [code])));
        const back = importCodes(exportCodes(codes, element, order), element, order);
        for (const [i, code] of back.entries()) {
          assert.equal(element.codes[code]! + 0, element.codes[codes[i]!]! + 0, `${order} ${element.id} ${codes[i]}`);
        }
      }
    }
    assert.ok(pairs >= 38, `${pairs}`);
    const fails = (run: () => unknown, message: RegExp) => assert.throws(run, { name: "UserError", message });
    fails(() => exportCodes(Uint8Array.of(0), getElement("sf5"), "bitsandbytes"), /bitsandbytes has no codes for sf5/);
    fails(() => exportCodes(Uint8Array.of(0), getElement("nf4"), "gguf" as CodeOrder), /order "gguf"; known: bits/);
    fails(
      () => exportCodes(Uint8Array.of(0, 8), getElement("int4"), "compressed-tensors"),
      /code 8 at index 1 means nothing in int4/,
    );
    fails(
      () => importCodes(Uint8Array.of(0), getElement("int4"), "compressed-tensors"),
      /code 0 at index 0 means nothing in int4 of/,
    );
    fails(() => importCodes(Uint8Array.of(8), getElement("e2m1"), "llm-datatypes"), /code 8 at index 0 means nothing/);
    fails(() => importCodes(Uint8Array.of(200), getElement("nf4"), "bitsandbytes"), /code 200 at index 0/);
  });
});
