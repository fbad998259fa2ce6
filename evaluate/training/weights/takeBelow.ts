/** Writes `below` where x is below zero, bit by bit: a branch that goes either way at random takes five times as long. */
export function takeBelow(x: Float32Array, below: Float32Array, out: Float32Array): void {
  const bits = (array: Float32Array) => new Int32Array(array.buffer, array.byteOffset, array.length);
  const [signs, lower, upper] = [bits(x), bits(below), bits(out)];
  for (let i = 0; i < upper.length; i++) {
    const mask = signs[i]! >> 31;
    upper[i] = (lower[i]! & mask) | (upper[i]! & ~mask);
  }
}
