/**
 * @file Dequantization of ggml's K-quants: super-blocks of 256 in sub-blocks of 16 or 32, whose scales (and minima) are
 * small integers times a float16 (ggml-quants.c, dequantize_row_q*_K; gguf-py, quants.py).
 */
import { float16Values } from "./float16Values.ts";

const SUPER_BLOCK = 256;
const { fround } = Math;

/** scales[16] (low half: scale, high half: minimum of 16 elements), qs[64], d, dmin. */
export function Q2_K(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 84, o += SUPER_BLOCK) {
    const d = half[bytes[at + 80]! | (bytes[at + 81]! << 8)]!;
    const dmin = half[bytes[at + 82]! | (bytes[at + 83]! << 8)]!;
    for (let sub = 0; sub < 16; sub++) {
      const dl = fround(d * (bytes[at + sub]! & 15));
      const ml = fround(dmin * (bytes[at + sub]! >> 4));
      const { from, shift } = twoBits(sub);
      for (let j = 0; j < 16; j++) {
        out[o + sub * 16 + j] = fround(dl * ((bytes[at + 16 + from + j]! >> shift) & 3)) - ml;
      }
    }
  }
}

/** hmask[32] (third bits, inverted), qs[64], scales[12] (16 of 6 bits, offset 32), d. */
export function Q3_K(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 110, o += SUPER_BLOCK) {
    const d = half[bytes[at + 108]! | (bytes[at + 109]! << 8)]!;
    for (let sub = 0; sub < 16; sub++) {
      const low = bytes[at + 96 + (sub & 7)]! >> (sub < 8 ? 0 : 4);
      const high = bytes[at + 104 + (sub & 3)]! >> (2 * (sub >> 2));
      const dl = fround(d * (((low & 15) | ((high & 3) << 4)) - 32));
      const { from, shift } = twoBits(sub);
      const [maskFrom, maskBit] = [at + (sub & 1) * 16, sub >> 1];
      for (let j = 0; j < 16; j++) {
        const third = (bytes[maskFrom + j]! >> maskBit) & 1;
        out[o + sub * 16 + j] = dl * (((bytes[at + 32 + from + j]! >> shift) & 3) - (third ? 0 : 4));
      }
    }
  }
}

/** Where the 2-bit codes of a sub-block of 16 begin among the 64 bytes: 32 bytes hold 128 elements, 32 at each shift. */
function twoBits(sub: number): { from: number; shift: number } {
  return { from: (sub >> 3) * 32 + (sub & 1) * 16, shift: ((sub >> 1) & 3) * 2 };
}

/** d, dmin, scales[12], qs[128]: 32 bytes hold 64 elements, first the low halves. */
export function Q4_K(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 144, o += SUPER_BLOCK) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const dmin = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let sub = 0; sub < 8; sub++) {
      const dl = fround(d * scaleOf(bytes, at + 4, sub));
      const ml = fround(dmin * minimumOf(bytes, at + 4, sub));
      const from = at + 16 + (sub >> 1) * 32;
      const shift = (sub & 1) * 4;
      for (let j = 0; j < 32; j++) {
        out[o + sub * 32 + j] = fround(dl * ((bytes[from + j]! >> shift) & 15)) - ml;
      }
    }
  }
}

/** As Q4_K, with qh[32] before qs: bit `sub` of byte j is the fifth bit. */
export function Q5_K(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 176, o += SUPER_BLOCK) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const dmin = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let sub = 0; sub < 8; sub++) {
      const dl = fround(d * scaleOf(bytes, at + 4, sub));
      const ml = fround(dmin * minimumOf(bytes, at + 4, sub));
      const from = at + 48 + (sub >> 1) * 32;
      const shift = (sub & 1) * 4;
      for (let j = 0; j < 32; j++) {
        const fifth = (bytes[at + 16 + j]! >> sub) & 1;
        out[o + sub * 32 + j] = fround(dl * (((bytes[from + j]! >> shift) & 15) | (fifth << 4))) - ml;
      }
    }
  }
}

/** Eight scales of 6 bits: four in the low bits of bytes 0–3, four in bytes 8–11 with their high bits on top of 0–3. */
function scaleOf(bytes: Uint8Array, at: number, sub: number): number {
  if (sub < 4) return bytes[at + sub]! & 63;
  return (bytes[at + 4 + sub]! & 15) | ((bytes[at + sub - 4]! >> 2) & 48);
}

/** Eight minima, alike in bytes 4–7 and the high halves of 8–11. */
function minimumOf(bytes: Uint8Array, at: number, sub: number): number {
  if (sub < 4) return bytes[at + 4 + sub]! & 63;
  return (bytes[at + 4 + sub]! >> 4) | ((bytes[at + sub]! >> 2) & 48);
}

/** ql[128] (64 bytes hold 128 elements), qh[64] (32 bytes hold the upper two bits of 128), scales[16] as int8, d. */
export function Q6_K(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 210, o += SUPER_BLOCK) {
    const d = half[bytes[at + 208]! | (bytes[at + 209]! << 8)]!;
    for (let sub = 0; sub < 16; sub++) {
      const dl = fround(d * ((bytes[at + 192 + sub]! << 24) >> 24));
      const [chunk, part] = [sub >> 3, sub & 7];
      const low = at + chunk * 64 + (part & 3) * 16;
      const lowShift = part < 4 ? 0 : 4;
      const high = at + 128 + chunk * 32 + (part & 1) * 16;
      const highShift = (part >> 1) * 2;
      for (let j = 0; j < 16; j++) {
        const code = ((bytes[low + j]! >> lowShift) & 15) | (((bytes[high + j]! >> highShift) & 3) << 4);
        out[o + sub * 16 + j] = dl * (code - 32);
      }
    }
  }
}
