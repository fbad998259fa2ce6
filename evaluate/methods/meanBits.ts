import { bitsPerWeight, type Format } from "../../formats/index.ts";
import type { Matrix } from "./method.ts";

/** Exact bits per weight over all matrices, scales included. Throws UserError naming the matrix a group does not fit. */
export function meanBitsPerWeight(matrices: readonly Matrix[], format: Format): number {
  let [bits, count] = [0, 0];
  for (const { name, rows, cols } of matrices) {
    bits += bitsPerWeight(format, cols, rows, { name }) * rows * cols;
    count += rows * cols;
  }
  return bits / count;
}
