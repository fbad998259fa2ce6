import assert from "node:assert/strict";
import { getElement } from "../../formats/elements/index.ts";
import { UserError } from "../../formats/error.ts";
import { parseFormat } from "../../formats/index.ts";
import { floatById } from "../../hwmodel/floats.ts";
import {
  blockScale,
  dotVerilog,
  float32Structures,
  float32Sum,
  float32UnitVerilog,
  formatScale,
} from "../../hwmodel/rtl/index.ts";
import { operandCodebook } from "../../hwmodel/synthesis/operandCodebook.ts";

const bits = (x: number) => new Uint32Array(new Float32Array([x]).buffer)[0]!;
const number = (pattern: number) => new Float32Array(new Uint32Array([pattern]).buffer)[0]!;
const refused = (pattern: RegExp) => (error: unknown) => error instanceof UserError && pattern.test(error.message);

describe("float32Sum", () => {
  it("adds exactly where float32 can hold the sum", () => {
    for (const [sum, value, exponent, expected] of [
      [0, 3, -1, 1.5],
      [1.5, -3, -1, 0],
      [-2.25, 9, 0, 6.75],
      [1, 1, -23, 1 + 2 ** -23],
      [100, -1, 7, -28],
      [0, 0, 50, 0],
      [5, 0, 99, 5],
    ] as const) {
      assert.equal(number(float32Sum(bits(sum), value, exponent)), expected, `${sum} + ${value} * 2^${exponent}`);
    }
  });

  it("truncates towards zero what a float32 cannot hold, and flushes what is below its normal range", () => {
    assert.equal(number(float32Sum(bits(1), 1, -24)), 1);
    assert.equal(number(float32Sum(bits(1), 3, -25)), 1);
    assert.equal(number(float32Sum(bits(2 ** 24), -1, -1)), 2 ** 24 - 1);
    assert.equal(number(float32Sum(0, 1, -127)), 0);
    assert.equal(number(float32Sum(0, 1, -126)), 2 ** -126);
  });
});

describe("float32UnitVerilog and dotVerilog", () => {
  const scaled = (id: string) => [blockScale(id), blockScale(id)] as const;

  it("takes MX blocks with E8M0 scales and NVFP4 blocks with E4M3 scales", () => {
    const e2m1 = getElement("e2m1");
    const mx = float32UnitVerilog(e2m1, e2m1, { elements: 32, scales: scaled("e8m0") });
    assert.deepEqual(mx.ports.weight, { bits: 4, choiceBits: 0, scaleBits: 8 });
    assert.match(mx.verilog, /input wire \[127:0\] weight,/);
    // 32 products of 6 · 6, scales 2^1 and 2^-1.
    const sixes = new Array<number>(32).fill(7);
    assert.equal(number(mx.next(0, sixes, sixes, [128, 126])!), 1152);
    const nv = float32UnitVerilog(e2m1, e2m1, { elements: 16, scales: scaled("e4m3") });
    // E4M3 0x40 is 2, 0x3c is 1.5: 16 · 36 · 3, on top of 0.5.
    assert.equal(number(nv.next(bits(0.5), sixes, sixes, [0x40, 0x3c])!), 1728.5);
    // The smallest subnormal, 2^-9.
    assert.equal(number(nv.next(0, sixes, sixes, [1, 0x38])!), 576 / 512);
  });

  it("takes a scale on one side, with a sign where groups are mirrored", () => {
    const [e2m1, int8] = [getElement("e2m1"), getElement("int8")];
    const scales = [formatScale(parseFormat("e2m1+sr@g32")), formatScale(parseFormat("int8@tensor"))] as const;
    assert.deepEqual(scales, [{ ...blockScale("fp16"), signed: true }, null]);
    const unit = float32UnitVerilog(e2m1, int8, { elements: 2, scales });
    // (6 · 100 − 6 · 27) · −1.5 (FP16 0xbe00).
    assert.equal(number(unit.next(0, [7, 15], [100, 27], [0xbe00, 0])!), -657);
    assert.equal(formatScale(parseFormat("int4@g64"))!.signed, false);
    assert.throws(() => formatScale(parseFormat("uint4@g64")), refused(/no zero point/));
    assert.throws(() => formatScale(parseFormat("nf4-dq")), refused(/scale dyn8: no circuit/));
  });

  it("multiplies by FP16 and BF16 fields, subnormals included, and has no product for infinities", () => {
    const fp16 = floatById("fp16")!;
    const unit = float32UnitVerilog(getElement("int4"), fp16);
    // INT4 −3 is 1101; FP16 0x3e00 is 1.5, 0x0001 is 2^-24.
    assert.equal(number(unit.next(bits(10), [13], [0x3e00], [0, 0])!), 5.5);
    assert.equal(number(unit.next(0, [13], [0x8001], [0, 0])!), 3 * 2 ** -24);
    assert.equal(unit.next(0, [13], [0x7c00], [0, 0]), null);
    const bf16 = float32UnitVerilog(getElement("e2m1"), floatById("bf16")!);
    assert.equal(number(bf16.next(0, [7], [0xc049], [0, 0])!), -18.84375);
    assert.deepEqual(float32Structures(getElement("e2m1"), fp16), ["significands", "magnitudes"]);
  });

  it("looks NF4 up as FP16 or INT8, the unit of INT8's table left to the outer scale", () => {
    const nf4 = getElement("nf4");
    const fine = float32UnitVerilog(nf4, floatById("fp16")!, { table: "fp16" });
    // The largest but one, 0.7229568, is 1480.6 steps of FP16's 2^-11 there.
    assert.equal(number(fine.next(0, [14], [0x3c00], [0, 0])!), 0.72314453125);
    assert.match(fine.variant, /LUT to FP16 \(nf4\)/);
    const coarse = float32UnitVerilog(nf4, floatById("fp16")!);
    assert.equal(number(coarse.next(0, [14], [0x3c00], [0, 0])!), 92);
    assert.match(coarse.verilog, /sum is in units of 0.00787401574803/);
  });

  it("decodes the choice of a codebook at a port that all elements share", () => {
    const bitmod = operandCodebook(parseFormat("bitmod4"));
    assert.equal(bitmod.choiceBits, 2);
    const unit = float32UnitVerilog(bitmod, getElement("int8"), { elements: 4 });
    assert.match(unit.verilog, /input wire \[15:0\] weight,\n {2}input wire \[1:0\] weight_choice,/);
    assert.match(unit.verilog, /\.weight\(\{weight_choice, weight\[7:4\]\}\)/);
    const dot = dotVerilog(bitmod, getElement("int8"), { elements: 4 });
    assert.deepEqual(dot.choiceBits, { weight: 2, activation: 0 });
    assert.match(dot.variant, /choice of codebook decoded/);
  });

  it("refuses sizes and codebooks it cannot build", () => {
    const [e2m1, e5m2] = ["e2m1", "e5m2"].map(getElement) as [never, never];
    const fp32 = scaled("fp32");
    assert.throws(() => float32UnitVerilog(e5m2, e5m2, { elements: 128, scales: fp32 }), refused(/48 is the limit/));
    assert.throws(() => float32UnitVerilog(e2m1, e2m1, { elements: 0 }), refused(/elements 0/));
    assert.throws(() => float32UnitVerilog(e2m1, floatById("fp16")!, { elements: 8 }), refused(/one at a time/));
    assert.throws(() => float32UnitVerilog(e2m1, e2m1, { structure: "log" }), refused(/structure log: not one/));
    assert.throws(() => blockScale("e9m9"), refused(/scale e9m9: no circuit/));
    assert.throws(() => dotVerilog(e2m1, e2m1, { elements: 1000 }), refused(/elements 1000: .* 2 to 128/));
  });
});
