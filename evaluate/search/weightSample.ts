import { type Format, fakeQuantize } from "../../formats/index.ts";
import type { LinearLayer } from "../model/index.ts";

/** Numbers of all layers together that a codebook is tried on: half a million round in two milliseconds. */
const SAMPLE_MAX = 2 ** 19;

/** Whole groups of one layer, evenly spaced. */
interface LayerGroups {
  name: string;
  /** [groups, size] */
  data: Float32Array;
  /** The group, or the row where that is shorter. */
  size: number;
}

export interface WeightSample {
  group: number;
  layers: readonly LayerGroups[];
  /** Numbers taken, and of how many. */
  taken: number;
  of: number;
  scratch: Float32Array;
}

/**
 * Draws whole groups of every linear layer, as many of each layer as its share of the weights: rows' remainders are never drawn, and
 * layers with shorter rows than a group are grouped by row.
 */
export function weightSample(
  linears: readonly LinearLayer[],
  weights: ReadonlyMap<string, Float32Array>,
  group: number,
  limit = SAMPLE_MAX,
): WeightSample {
  const of = linears.reduce((total, { rows, cols }) => total + rows * cols, 0);
  const layers = linears.map(({ name, rows, cols }) => {
    const size = Math.min(group, cols);
    const perRow = Math.floor(cols / size);
    const groups = rows * perRow;
    const count = Math.max(1, Math.min(groups, Math.floor((groups * limit) / of)));
    const data = new Float32Array(count * size);
    for (let i = 0; i < count; i++) {
      const index = Math.floor((i * groups) / count);
      const from = Math.floor(index / perRow) * cols + (index % perRow) * size;
      data.set(weights.get(name)!.subarray(from, from + size), i * size);
    }
    return { name, data, size };
  });
  const longest = Math.max(...layers.map(({ data }) => data.length));
  const taken = layers.reduce((total, { data }) => total + data.length, 0);
  return { group, layers, taken, of, scratch: new Float32Array(longest) };
}

/** Relative squared error that a format makes in each layer. */
export function sampleErrors({ layers, scratch }: WeightSample, format: Format): Float64Array {
  return Float64Array.from(layers, ({ name, data, size }) => {
    const out = scratch.subarray(0, data.length);
    const options = { name, oversizeGroup: "row" as const };
    const { sumSquaredError, sumSquares } = fakeQuantize(data, data.length / size, size, format, out, options);
    return sumSquares === 0 ? 0 : sumSquaredError / sumSquares;
  });
}
