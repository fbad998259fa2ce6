const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/**
 * float32 as an integer that orders as the number does: the bits, with the magnitude of negatives inverted.
 * +0 is 0, −0 is −1. `x` is rounded to float32.
 */
export function keyOf(x: number): number {
  float[0] = x;
  return bits[0]! ^ ((bits[0]! >> 31) >>> 1);
}

/** The float32 of a key. */
export function floatOfKey(key: number): number {
  bits[0] = key ^ ((key >> 31) >>> 1);
  return float[0]!;
}
