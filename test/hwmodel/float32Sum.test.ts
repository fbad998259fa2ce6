import assert from "node:assert/strict";
import { getElement } from "../../formats/elements/index.ts";
import { UserError } from "../../formats/error.ts";
import { blockUnitVerilog, dotVerilog, float32Sum } from "../../hwmodel/rtl/index.ts";

const bits = (x: number) => new Uint32Array(new Float32Array([x]).buffer)[0]!;
const number = (pattern: number) => new Float32Array(new Uint32Array([pattern]).buffer)[0]!;
const refused = (pattern: RegExp) => (error: unknown) => error instanceof UserError && pattern.test(error.message);

describe("float32Sum", () => {
  it("adds exactly where float32 can hold the sum", () => {
    for (const [sum, value, exponent, expected] of [
      [0, 3n, -1, 1.5],
      [1.5, -3n, -1, 0],
      [-2.25, 9n, 0, 6.75],
      [1, 1n, -23, 1 + 2 ** -23],
      [100, -1n, 7, -28],
      [0, 0n, 50, 0],
      [5, 0n, 99, 5],
    ] as const) {
      assert.equal(number(float32Sum(bits(sum), value, exponent)), expected, `${sum} + ${value} * 2^${exponent}`);
    }
  });

  it("truncates towards zero what a float32 cannot hold, and flushes what is below its normal range", () => {
    assert.equal(number(float32Sum(bits(1), 1n, -24)), 1);
    assert.equal(number(float32Sum(bits(1), 3n, -25)), 1);
    assert.equal(number(float32Sum(bits(2 ** 24), -1n, -1)), 2 ** 24 - 1);
    assert.equal(number(float32Sum(0, 1n, -127)), 0);
    assert.equal(number(float32Sum(0, 1n, -126)), 2 ** -126);
  });
});

describe("blockUnitVerilog and dotVerilog", () => {
  it("takes MX blocks with E8M0 scales and NVFP4 blocks with E4M3 scales", () => {
    const e2m1 = getElement("e2m1");
    const mx = blockUnitVerilog(e2m1, e2m1, { elements: 32, scale: "e8m0" });
    assert.equal(mx.scaleBits, 8);
    assert.match(mx.verilog, /input wire \[127:0\] weight,/);
    // 32 products of 6 · 6, scales 2^1 and 2^-1.
    const sixes = new Array<number>(32).fill(7);
    assert.equal(number(mx.next(0, sixes, sixes, [128, 126])!), 1152);
    const nv = blockUnitVerilog(e2m1, e2m1, { elements: 16, scale: "e4m3" });
    // E4M3 0x40 is 2, 0x3c is 1.5: 16 · 36 · 3, on top of 0.5.
    assert.equal(number(nv.next(bits(0.5), sixes, sixes, [0x40, 0x3c])!), 1728.5);
    // The smallest subnormal, 2^-9.
    assert.equal(number(nv.next(0, sixes, sixes, [1, 0x38])!), 576 / 512);
  });

  it("refuses sizes and codebooks it cannot build", () => {
    const [e2m1, apot4, int8] = ["e2m1", "apot4", "int8"].map(getElement) as [never, never, never];
    assert.throws(() => blockUnitVerilog(apot4, apot4, { elements: 4, scale: "e8m0" }), refused(/no power of two/));
    assert.throws(() => blockUnitVerilog(int8, int8, { elements: 128, scale: "e4m3" }), refused(/24 is the limit/));
    assert.throws(() => blockUnitVerilog(e2m1, e2m1, { elements: 0, scale: "none" }), refused(/elements 0/));
    assert.throws(() => dotVerilog(e2m1, e2m1, { elements: 1000 }), refused(/elements 1000: .* 2 to 128/));
  });
});
