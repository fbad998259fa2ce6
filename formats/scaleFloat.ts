const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const highWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
/** Adding and taking away 2^52 rounds a smaller double to an integer, ties to even. */
const INTEGER_GRID = 2 ** 52;

/** ⌊log2 x⌋ of a positive number; −1023 for double's subnormals, which no float32 becomes. */
export function exponentOf(x: number): number {
  double[0] = x;
  return ((words[highWord]! >>> 20) & 0x7ff) - 1023;
}

/** 2^n, −1022 ≤ n ≤ 1023: the operator takes tens of nanoseconds, which every group of a matrix would pay. */
export function powerOfTwo(n: number): number {
  words[1 - highWord] = 0;
  words[highWord] = (n + 1023) << 20;
  return double[0]!;
}

/** x > 0 rounded to `fractionBits` after the leading one, subnormal below 2^minExponent, ties to even. */
export function roundBinary(x: number, fractionBits: number, minExponent: number): number {
  const step = powerOfTwo(Math.max(exponentOf(x), minExponent) - fractionBits);
  return (x / step + INTEGER_GRID - INTEGER_GRID) * step;
}

export interface ScaleFloat {
  bits: number;
  /** Bits after the leading one, and the exponent below which steps stay equal. */
  spacing: { fraction: number; minExponent: number };
  largest: number;
  smallest: number;
  round(x: number): number;
}

/**
 * Positive numbers of a small float: `fraction` bits after the leading one, subnormals below 2^(1 − bias), up to
 * `largest`. Without fraction bits there are no subnormals: the smallest number is 2^(1 − bias).
 */
export function scaleFloat(exponentBits: number, fraction: number, bias: number, largest: number): ScaleFloat {
  const minExponent = 1 - bias;
  const smallest = 2 ** (minExponent - fraction);
  // Beyond the midpoint to the next step a number does not round to the largest any more.
  const limit = largest + 2 ** (exponentOf(largest) - fraction - 1);
  return {
    bits: exponentBits + fraction,
    spacing: { fraction, minExponent },
    largest,
    smallest,
    round: (x) => (x < limit ? roundBinary(x, fraction, minExponent) : Number.POSITIVE_INFINITY),
  };
}
