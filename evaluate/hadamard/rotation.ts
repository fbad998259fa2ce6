import { createHash } from "node:crypto";
import { applyHadamard, hadamard, largestBlock } from "./hadamard.ts";

/**
 * An orthogonal map R of channels: a Hadamard matrix after random signs, over √block, on every run of `block` channels.
 * A layer W x is (W R)(Rᵀ x); rows of W, and inputs as rows, are multiplied by R.
 */
export interface Rotation {
  readonly block: number;
  /** Multiplies every row of x (consecutive blocks) by R, by its transpose if `inverse`. In place. */
  apply<T extends Float32Array | Float64Array>(x: T, inverse?: boolean): T;
}

/**
 * The randomized Hadamard rotation of `width` channels (Ashkboos et al. 2024, QuaRot, §3) with blocks of the given size,
 * or of the largest that has a Hadamard matrix and divides the width. The signs follow from the seed and the width.
 * Null where the block does not divide the width or has no Hadamard matrix.
 */
export function hadamardRotation(width: number, seed: number, block = largestBlock(width)): Rotation | null {
  const matrix = width % block === 0 ? hadamard(block) : null;
  if (!matrix) return null;
  const signs = randomSigns(width, seed);
  const flip = (x: Float32Array | Float64Array) => {
    for (let at = 0; at < x.length; at += width) for (let j = 0; j < width; j++) x[at + j]! *= signs[j]!;
  };
  return {
    block,
    apply(x, inverse = false) {
      if (!inverse) flip(x);
      applyHadamard(matrix, x, inverse);
      if (inverse) flip(x);
      return x;
    },
  };
}

/** ±1 for each channel, the same on every platform: bits of SHA-256 of seed, width and a counter. */
function randomSigns(width: number, seed: number): Int8Array {
  const BITS = 256;
  const digests = Array.from({ length: Math.ceil(width / BITS) }, (_, counter) =>
    createHash("sha256").update(`${seed} ${width} ${counter}`).digest(),
  );
  const bits = Buffer.concat(digests);
  return Int8Array.from({ length: width }, (_, j) => ((bits[j >> 3]! >> (j & 7)) & 1 ? -1 : 1));
}
