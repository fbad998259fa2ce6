import type { Format } from "../../formats/index.ts";

/** A weight matrix to quantize, row-major [rows, cols]; groups run along the columns. */
export interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
}

export interface MethodInput {
  readonly format: Format;
  readonly matrices: readonly Matrix[];
  /** The full-precision weights by name; never written to. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Where the dequantized weights of each matrix go; arrays of the same lengths. */
  readonly into: ReadonlyMap<string, Float32Array>;
}

/** What a method did to each matrix. */
export interface MethodResult {
  layers: { name: string; shape: number[]; relativeMse: number; zeroGroups: number }[];
  /** Sum of squared errors over sum of squares, over all matrices. */
  weightMse: number;
  warnings: string[];
}

/** One post-training method: one file in this folder and one line in its index. */
export interface Method {
  readonly id: string;
  readonly summary: string;
  /** Throws UserError naming the matrix that cannot be quantized. */
  quantize(input: MethodInput): Promise<MethodResult>;
}
