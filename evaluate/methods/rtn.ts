import { fakeQuantize } from "../../formats/index.ts";
import type { Method } from "./method.ts";

/** Round to nearest: each group's scale from its own extremes, each weight to its nearest level. Needs no data. */
export const rtn: Method = {
  id: "rtn",
  summary: "round to nearest, scale from each group's extremes",
  async quantize({ format, matrices, weights, into }) {
    let [errors, squares] = [0, 0];
    const warnings: string[] = [];
    const layers = matrices.map(({ name, rows, cols }) => {
      const result = fakeQuantize(weights.get(name)!, rows, cols, format, into.get(name)!, { name });
      errors += result.sumSquaredError;
      squares += result.sumSquares;
      if (result.zeroGroups > 0) warnings.push(`${name}: ${result.zeroGroups} of ${result.groups} groups are all zero`);
      // A matrix of zeros is kept exactly, so its relative error is 0 although 0/0 is not.
      const relativeMse = result.sumSquares > 0 ? result.sumSquaredError / result.sumSquares : 0;
      return { name, shape: [rows, cols], relativeMse, zeroGroups: result.zeroGroups };
    });
    return { layers, weightMse: squares > 0 ? errors / squares : 0, warnings };
  },
};
