import { type BlockingOptions, blockingOf } from "./blocking.ts";
import { UserError } from "./error.ts";
import type { Format } from "./format.ts";
import { forEachGroup } from "./groups.ts";
import { kernelOf, rankOf, storedScale } from "./kernel.ts";

/** A quantized matrix: one code per weight, unpacked, and one scale per group in memory order (0 for a group of zeros). */
export interface Quantized {
  codes: Uint8Array;
  scales: Float32Array;
}

/** Quantizes a row-major matrix [rows, cols]. Throws UserError as `fakeQuantize` does. */
export function quantize(
  weights: Float32Array,
  rows: number,
  cols: number,
  format: Format,
  options: BlockingOptions = {},
): Quantized {
  const kernel = kernelOf(format);
  const codes = new Uint8Array(weights.length);
  const scales = new Float32Array(blockingOf(format, rows, cols, options).groups);
  const zeroCode = kernel.book.codeOfRank[rankOf(kernel, 0, 1)]!;
  forEachGroup(weights, rows, cols, format, options, ({ index, from, to, min, max }) => {
    const scale = storedScale(format, kernel, min, max, () => `group ${index} of ${options.name ?? "the matrix"}`);
    scales[index] = scale;
    for (let i = from; i < to; i++) {
      codes[i] = scale === 0 ? zeroCode : kernel.book.codeOfRank[rankOf(kernel, weights[i]!, scale)]!;
    }
  });
  return { codes, scales };
}

/** The weights of a quantized matrix. Throws UserError for wrong lengths, reserved codes, codes too wide and non-finite scales. */
export function dequantize(
  { codes, scales }: Quantized,
  rows: number,
  cols: number,
  format: Format,
  options: BlockingOptions = {},
): Float32Array {
  const name = options.name ?? "the matrix";
  const { groups, groupsPerLine, length, size } = blockingOf(format, rows, cols, options);
  if (codes.length !== rows * cols || scales.length !== groups) {
    throw new UserError(
      `${name}: ${codes.length} codes and ${scales.length} scales, expected ${rows * cols} and ${groups} for ${format.id}`,
    );
  }
  const { levels, rankOfCode } = kernelOf(format).book;
  return Float32Array.from(codes, (code, i) => {
    const rank = rankOfCode[code] ?? -1;
    if (rank < 0) throw new UserError(`${name}: code ${code} at index ${i} means nothing in ${format.element.id}`);
    const scale = scales[Math.floor(i / length) * groupsPerLine + Math.floor((i % length) / size)]!;
    if (!Number.isFinite(scale))
      throw new UserError(`${name}: scale ${scale} of the group of index ${i} is not finite`);
    return levels[rank]! * scale + 0;
  });
}
