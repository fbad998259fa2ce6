import type { Format } from "../../formats/index.ts";
import type { Matrix, Method, MethodResult } from "./method.ts";

/** A method at work on matrices that are not in memory together. */
export interface OneByOne {
  /** The dequantized weights of one matrix, in whatever order they come; each is asked for once. */
  quantize(name: string, weights: Float32Array): Promise<Float32Array>;
  /** What was done to all, in their own order. */
  result(): MethodResult;
}

/** A method that calibrates nothing treats each matrix by itself: `matrices` as they come, with one result in the end. */
export function oneByOne(method: Method, format: Format, matrices: readonly Matrix[]): OneByOne {
  const done = new Map<string, { result: MethodResult; squares: number }>();
  const byName = new Map(matrices.map((matrix) => [matrix.name, matrix]));
  return {
    async quantize(name, weights) {
      const out = new Float32Array(weights.length);
      const result = await method.quantize({
        format,
        matrices: [byName.get(name)!],
        weights: new Map([[name, weights]]),
        into: new Map([[name, out]]),
      });
      done.set(name, { result, squares: weights.reduce((sum, w) => sum + w * w, 0) });
      return out;
    },
    result() {
      let [errors, squares, extraBits, count] = [0, 0, 0, 0];
      const all = matrices.map(({ name, rows, cols }) => {
        const one = done.get(name);
        if (!one) throw new Error(`internal: ${name} was not quantized`);
        errors += one.result.weightMse * one.squares;
        squares += one.squares;
        extraBits += one.result.extraBitsPerWeight * rows * cols;
        count += rows * cols;
        return one.result;
      });
      return {
        layers: all.flatMap(({ layers }) => layers),
        weightMse: squares > 0 ? errors / squares : 0,
        extraBitsPerWeight: extraBits / count,
        warnings: all.flatMap(({ warnings }) => warnings),
      };
    },
  };
}
