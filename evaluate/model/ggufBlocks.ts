/**
 * @file Dequantization of ggml's blocks of 32 (ggml-quants.c, dequantize_row_*; gguf-py, quants.py). A block is a float16
 * scale d, for the *_1 types a float16 minimum m, and codes q: the value is d·q (+ m). Codes of 4 bits share bytes: byte
 * j holds element j in its low half and element 16 + j in its high half; fifth bits form a little-endian word.
 */
import { float16Values } from "./float16Values.ts";

const BLOCK = 32;
const HALF = BLOCK / 2;
const { fround } = Math;

export function Q8_0(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 34, o += BLOCK) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < BLOCK; j++) out[o + j] = d * ((bytes[at + 2 + j]! << 24) >> 24);
  }
}

export function Q4_0(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 18, o += BLOCK) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < HALF; j++) {
      const byte = bytes[at + 2 + j]!;
      out[o + j] = d * ((byte & 15) - 8);
      out[o + HALF + j] = d * ((byte >> 4) - 8);
    }
  }
}

export function Q4_1(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 20, o += BLOCK) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let j = 0; j < HALF; j++) {
      const byte = bytes[at + 4 + j]!;
      out[o + j] = fround(d * (byte & 15)) + m;
      out[o + HALF + j] = fround(d * (byte >> 4)) + m;
    }
  }
}

export function Q5_0(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 22, o += BLOCK) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const high = wordAt(bytes, at + 2);
    for (let j = 0; j < HALF; j++) {
      const byte = bytes[at + 6 + j]!;
      out[o + j] = d * (((byte & 15) | (((high >>> j) & 1) << 4)) - 16);
      out[o + HALF + j] = d * (((byte >> 4) | (((high >>> (j + HALF)) & 1) << 4)) - 16);
    }
  }
}

export function Q5_1(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 24, o += BLOCK) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    const high = wordAt(bytes, at + 4);
    for (let j = 0; j < HALF; j++) {
      const byte = bytes[at + 8 + j]!;
      out[o + j] = fround(d * ((byte & 15) | (((high >>> j) & 1) << 4))) + m;
      out[o + HALF + j] = fround(d * ((byte >> 4) | (((high >>> (j + HALF)) & 1) << 4))) + m;
    }
  }
}

/** The codebook kvalues_iq4nl of ggml-common.h. */
const IQ4_NL_VALUES = Float32Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

export function IQ4_NL(bytes: Uint8Array, out: Float32Array): void {
  const half = float16Values();
  for (let at = 0, o = 0; o < out.length; at += 18, o += BLOCK) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < HALF; j++) {
      const byte = bytes[at + 2 + j]!;
      out[o + j] = d * IQ4_NL_VALUES[byte & 15]!;
      out[o + HALF + j] = d * IQ4_NL_VALUES[byte >> 4]!;
    }
  }
}

/** Twice the values of E2M1 (ggml-common.h, kvalues_mxfp4); the code of -0 is a plain zero there. */
const MXFP4_VALUES = Float32Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

/** The scale is an E8M0 byte, halved because the values are doubled: 2^(e - 128), also where that is subnormal. */
export function MXFP4(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, o = 0; o < out.length; at += 17, o += BLOCK) {
    const d = 2 ** (bytes[at]! - 128);
    for (let j = 0; j < HALF; j++) {
      const byte = bytes[at + 1 + j]!;
      out[o + j] = d * MXFP4_VALUES[byte & 15]!;
      out[o + HALF + j] = d * MXFP4_VALUES[byte >> 4]!;
    }
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
