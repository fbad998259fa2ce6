/** How the scale is held in memory. The stored value is what quantization and dequantization use. */
interface ScaleStore {
  readonly bits: number;
  readonly label: string;
  readonly largest: number;
  readonly smallest: number;
  /** Nearest storable value, ties to even, of a positive number; Infinity above the range. */
  round(x: number): number;
}

export type ScaleStoreId = "fp16" | "bf16" | "fp32";

/** A new scale type is one entry here. */
export const scaleStores: Readonly<Record<ScaleStoreId, ScaleStore>> = {
  fp16: {
    bits: 16,
    label: "IEEE half precision",
    largest: 65504,
    smallest: 2 ** -24,
    round: (x) => (x < 65520 ? roundBinary(x, 10, -14) : Number.POSITIVE_INFINITY),
  },
  bf16: {
    bits: 16,
    label: "bfloat16",
    largest: 0xff * 2 ** 120,
    smallest: 2 ** -133,
    round: (x) => (x < 0x1ff * 2 ** 119 ? roundBinary(x, 7, -126) : Number.POSITIVE_INFINITY),
  },
  fp32: {
    bits: 32,
    label: "IEEE single precision",
    largest: (2 - 2 ** -23) * 2 ** 127,
    smallest: 2 ** -149,
    round: Math.fround,
  },
};

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const highWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
/** Adding and taking away 2^52 rounds a smaller double to an integer, ties to even. */
const INTEGER_GRID = 2 ** 52;

/** x > 0 rounded to `fractionBits` after the leading one, subnormal below 2^minExponent, ties to even. */
function roundBinary(x: number, fractionBits: number, minExponent: number): number {
  double[0] = x;
  const exponent = Math.max(((words[highWord]! >>> 20) & 0x7ff) - 1023, minExponent);
  const step = 2 ** (exponent - fractionBits);
  return (x / step + INTEGER_GRID - INTEGER_GRID) * step;
}
