import assert from "node:assert/strict";
import {
  bfloat16ToFloat32Bits,
  float16ToFloat32Bits,
  float32BitsToBfloat16,
  float32BitsToFloat16,
} from "../../../evaluate/model/halfFloats.ts";

const ALL = Uint16Array.from({ length: 0x10000 }, (_, i) => i);

function decode(convert: (from: Uint16Array, to: Uint32Array) => void, patterns: Uint16Array): Float32Array {
  const bits = new Uint32Array(patterns.length);
  convert(patterns, bits);
  return new Float32Array(bits.buffer);
}

function encode(convert: (from: Uint32Array, to: Uint16Array) => void, values: readonly number[]): number[] {
  const patterns = new Uint16Array(values.length);
  convert(new Uint32Array(Float32Array.from(values).buffer), patterns);
  return [...patterns];
}

/** IEEE 754-2019 §3.4, by the definition and in doubles: an independent way from the table's bit moves. */
function binary16(pattern: number): number {
  const sign = pattern >> 15 ? -1 : 1;
  const exponent = (pattern >> 10) & 31;
  const fraction = pattern & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

describe("evaluate/model/halfFloats", () => {
  it("float16ToFloat32Bits gives the published values of IEEE binary16", () => {
    const patterns = Uint16Array.of(
      0x0000,
      0x8000,
      0x0001,
      0x03ff,
      0x0400,
      0x3555,
      0x3bff,
      0x3c00,
      0x3c01,
      0x7bff,
      0xc000,
    );
    assert.deepEqual(
      [...decode(float16ToFloat32Bits, patterns)],
      [
        0, -0, 5.9604644775390625e-8, 6.097555160522461e-5, 6.103515625e-5, 0.333251953125, 0.99951171875, 1,
        1.0009765625, 65504, -2,
      ],
    );
  });

  it("float16ToFloat32Bits equals the definition on all 65,536 patterns", () => {
    const values = decode(float16ToFloat32Bits, ALL);
    for (let pattern = 0; pattern < 0x10000; pattern++) {
      assert.ok(Object.is(values[pattern], binary16(pattern)), `pattern ${pattern.toString(16)}`);
    }
  });

  it("float16ToFloat32Bits keeps the sign and payload of NaN", () => {
    const bits = new Uint32Array(3);
    float16ToFloat32Bits(Uint16Array.of(0x7e00, 0xfe01, 0x7c01), bits);
    assert.deepEqual([...bits], [0x7fc00000, 0xffc02000, 0x7f802000]);
  });

  it("bfloat16ToFloat32Bits puts all 65,536 patterns in the high half", () => {
    const bits = new Uint32Array(0x10000);
    bfloat16ToFloat32Bits(ALL, bits);
    assert.ok(bits.every((value, pattern) => value === pattern * 65536));
    assert.deepEqual([...new Float32Array(bits.buffer.slice(0x3f80 * 4, 0x3f82 * 4))], [1, 1.0078125]);
  });

  it("float32BitsToFloat16 and float32BitsToBfloat16 give back all 65,536 patterns (NaN made quiet)", () => {
    for (const [decodeTo, encodeTo, infinity, quiet] of [
      [float16ToFloat32Bits, float32BitsToFloat16, 0x7c00, 0x0200],
      [bfloat16ToFloat32Bits, float32BitsToBfloat16, 0x7f80, 0x0040],
    ] as const) {
      const bits = new Uint32Array(0x10000);
      const back = new Uint16Array(0x10000);
      decodeTo(ALL, bits);
      encodeTo(bits, back);
      for (let pattern = 0; pattern < 0x10000; pattern++) {
        const isNan = (pattern & 0x7fff) > infinity;
        assert.equal(back[pattern], isNan ? pattern | quiet : pattern);
      }
    }
  });

  it("float32BitsToBfloat16 rounds ties to even", () => {
    // 1 + 2^-8 lies half-way between 0x3f80 and 0x3f81; 1 + 3·2^-8 between 0x3f81 and 0x3f82.
    assert.deepEqual(
      encode(
        float32BitsToBfloat16,
        [1.00390625, 1.01171875, 1.0039063692092896, -1.00390625, 3.4028234663852886e38, 1e-45],
      ),
      [0x3f80, 0x3f82, 0x3f81, 0xbf80, 0x7f80, 0x0000],
    );
  });

  it("float32BitsToFloat16 rounds ties to even, into and among subnormals and at the overflow", () => {
    assert.deepEqual(
      encode(
        float32BitsToFloat16,
        [
          1.00048828125, 1.00146484375, 65519.99609375, 65520, -65520, 2.9802322387695312e-8, 8.940696716308594e-8,
          2.980232594040899e-8, 6.103515625e-5, 6.1005353927612305e-5, 1e-10,
        ],
      ),
      [0x3c00, 0x3c02, 0x7bff, 0x7c00, 0xfc00, 0x0000, 0x0002, 0x0001, 0x0400, 0x0400, 0x0000],
    );
  });

  it("float32BitsToFloat16 takes the nearest neighbour of 100,000 floats of every size", () => {
    let state = 12345;
    const values = Array.from({ length: 100_000 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.fround((state / 2 ** 31 - 1) * 2 ** ((state % 44) - 27));
    });
    encode(float32BitsToFloat16, values).forEach((pattern, i) => {
      const value = Math.abs(values[i]!);
      const magnitude = pattern & 0x7fff;
      const distance = Math.abs(binary16(magnitude) - value);
      if (magnitude > 0) assert.ok(distance <= value - binary16(magnitude - 1), `${values[i]}`);
      if (magnitude < 0x7bff) assert.ok(distance <= binary16(magnitude + 1) - value, `${values[i]}`);
    });
  });
});
