/** The transpose of a row-major matrix [rows, cols]. */
export function transposed(data: Float32Array, [rows, cols]: readonly number[]): Float32Array<ArrayBuffer> {
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows!; i++) for (let j = 0; j < cols!; j++) result[j * rows! + i] = data[i * cols! + j]!;
  return result;
}
