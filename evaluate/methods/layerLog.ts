import type { Format } from "../../formats/index.ts";
import type { Moments } from "../calibration/index.ts";
import { groupsOf } from "./grid.ts";
import type { LayerLog, Matrix } from "./method.ts";
import type { Products } from "./products.ts";

/** What became of one matrix, and the sums behind it. */
export function layerLog(
  matrix: Matrix,
  format: Format,
  before: Float32Array,
  after: Float32Array,
): { log: LayerLog; squaredError: number; squares: number } {
  let [squaredError, squares, zeroGroups] = [0, 0, 0];
  for (const { from, to } of groupsOf({ matrix, format })) {
    const already = squares;
    for (let i = from; i < to; i++) {
      squares += before[i]! * before[i]!;
      squaredError += (after[i]! - before[i]!) ** 2;
    }
    if (squares === already && before.subarray(from, to).every((w) => w === 0)) zeroGroups++;
  }
  // A matrix of zeros is kept exactly, so its relative error is 0 although 0/0 is not.
  const relativeMse = squares > 0 ? squaredError / squares : 0;
  const log = { name: matrix.name, shape: [matrix.rows, matrix.cols], relativeMse, zeroGroups };
  return { log, squaredError, squares };
}

/** Mean over the calibration tokens of ‖W x‖², from the moments of x. */
export async function outputEnergy(
  { rows, cols }: Matrix,
  weights: Float32Array,
  { gram }: Moments,
  products: Products,
): Promise<number> {
  const product = await products.multiply(weights, new Float32Array(gram), rows, cols, cols);
  return weights.reduce((sum, w, i) => sum + w * product[i]!, 0);
}
