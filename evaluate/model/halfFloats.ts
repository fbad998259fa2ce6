/**
 * Conversions between float32 and the two 16-bit floats of checkpoints, on bit patterns, so that NaN payloads survive
 * and no value passes through a double. All arrays are flat; `from` and `to` have the same length.
 */

/** float32 bits of every float16 pattern (IEEE 754-2019 binary16): one lookup is the fastest conversion in V8. */
let float16Table: Uint32Array | undefined;

/** bfloat16 patterns → float32 bits: the high half of a float32 (exact). */
export function bfloat16ToFloat32Bits(from: Uint16Array, to: Uint32Array): void {
  const count = from.length;
  for (let i = 0; i < count; i++) to[i] = from[i]! << 16;
}

/** float16 patterns → float32 bits (exact). */
export function float16ToFloat32Bits(from: Uint16Array, to: Uint32Array): void {
  float16Table ??= makeFloat16Table();
  const table = float16Table;
  const count = from.length;
  for (let i = 0; i < count; i++) to[i] = table[from[i]!]!;
}

/** float32 bits → bfloat16 patterns, to nearest, ties to even; NaN stays a (quiet) NaN. Values near the float32 limit become infinite. */
export function float32BitsToBfloat16(from: Uint32Array, to: Uint16Array): void {
  const count = from.length;
  for (let i = 0; i < count; i++) {
    const bits = from[i]!;
    const isNan = (bits & 0x7fffffff) > 0x7f800000;
    to[i] = isNan ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
}

/** float32 bits → float16 patterns, to nearest, ties to even; 65520 and beyond become infinite; NaN stays a (quiet) NaN. */
export function float32BitsToFloat16(from: Uint32Array, to: Uint16Array): void {
  const count = from.length;
  const float = new Float32Array(1);
  const floatBits = new Uint32Array(float.buffer);
  for (let i = 0; i < count; i++) {
    const bits = from[i]!;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    let half: number;
    if (magnitude > 0x7f800000) {
      half = 0x7e00 | ((magnitude >>> 13) & 0x3ff);
    } else if (magnitude >= 0x477ff000) {
      half = 0x7c00;
    } else if (magnitude < 0x38800000) {
      // Below 2^-14 adding 0.5 aligns the float32 grid with the subnormal grid (2^-24), so the addition itself rounds.
      floatBits[0] = magnitude;
      float[0] = float[0]! + 0.5;
      half = floatBits[0]! - 0x3f000000;
    } else {
      half = (magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13;
    }
    to[i] = sign | half;
  }
}

function makeFloat16Table(): Uint32Array {
  const table = new Uint32Array(0x10000);
  for (let pattern = 0; pattern < 0x10000; pattern++) {
    const sign = (pattern & 0x8000) << 16;
    const exponent = (pattern >>> 10) & 0x1f;
    const mantissa = pattern & 0x3ff;
    let magnitude: number;
    if (exponent === 0x1f) {
      magnitude = 0x7f800000 | (mantissa << 13);
    } else if (exponent > 0) {
      magnitude = ((exponent + 112) << 23) | (mantissa << 13);
    } else if (mantissa === 0) {
      magnitude = 0;
    } else {
      // Subnormal: mantissa · 2^-24, renormalized by the position of its leading one.
      const leading = 31 - Math.clz32(mantissa);
      magnitude = ((leading + 103) << 23) | ((mantissa << (23 - leading)) & 0x7fffff);
    }
    table[pattern] = sign | magnitude;
  }
  return table;
}
