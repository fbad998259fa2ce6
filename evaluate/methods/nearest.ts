import { fakeQuantize } from "../../formats/index.ts";
import { groupsOf } from "./grid.ts";
import type { Layer } from "./part.ts";

/** Each weight to its nearest level on its group's grid. */
export function roundToNearest(layer: Layer): Float32Array {
  const { matrix, format, weights, grid } = layer;
  const { name, rows, cols } = matrix;
  const out = new Float32Array(weights.length);
  if (grid.plain) {
    fakeQuantize(weights, rows, cols, format, out, { name });
    return out;
  }
  for (const group of groupsOf(layer)) {
    const round = grid.fit(weights.subarray(group.from, group.to), group);
    for (let i = group.from; i < group.to; i++) out[i] = round(weights[i]!);
  }
  return out;
}
