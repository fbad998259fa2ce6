import { type Format, fakeQuantize, UserError } from "../../formats/index.ts";
import type { LinearLayer } from "../model/index.ts";

/** Numbers of all layers together that a codebook is tried on: half a million round in two milliseconds. */
const SAMPLE_MAX = 2 ** 19;

/** Whole groups of one layer, evenly spaced. */
interface LayerGroups {
  name: string;
  /** [groups, group] */
  data: Float32Array;
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
 * Draws whole groups of every linear layer, as many of each layer as its share of the weights: rows' remainders are
 * never drawn. Throws UserError for a group larger than a layer's rows.
 */
export function weightSample(
  linears: readonly LinearLayer[],
  weights: ReadonlyMap<string, Float32Array>,
  group: number,
  limit = SAMPLE_MAX,
): WeightSample {
  const of = linears.reduce((total, { rows, cols }) => total + rows * cols, 0);
  const layers = linears.map(({ name, rows, cols }) => {
    if (group > cols) throw new UserError(`group ${group} is larger than the row of ${cols} of ${name}`);
    const perRow = Math.floor(cols / group);
    const groups = rows * perRow;
    const count = Math.max(1, Math.min(groups, Math.floor((groups * limit) / of)));
    const data = new Float32Array(count * group);
    for (let i = 0; i < count; i++) {
      const index = Math.floor((i * groups) / count);
      const from = Math.floor(index / perRow) * cols + (index % perRow) * group;
      data.set(weights.get(name)!.subarray(from, from + group), i * group);
    }
    return { name, data };
  });
  const longest = Math.max(...layers.map(({ data }) => data.length));
  const taken = layers.reduce((total, { data }) => total + data.length, 0);
  return { group, layers, taken, of, scratch: new Float32Array(longest) };
}

/** Relative squared error that a format makes in each layer. */
export function sampleErrors({ group, layers, scratch }: WeightSample, format: Format): Float64Array {
  return Float64Array.from(layers, ({ name, data }) => {
    const out = scratch.subarray(0, data.length);
    const { sumSquaredError, sumSquares } = fakeQuantize(data, data.length / group, group, format, out, { name });
    return sumSquares === 0 ? 0 : sumSquaredError / sumSquares;
  });
}
