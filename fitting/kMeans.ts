import { UserError } from "../formats/index.ts";

export interface Clusters {
  /** Cluster means, ascending; fewer than asked for only where the data have fewer distinct values. */
  values: Float64Array<ArrayBuffer>;
  /** Weighted sum of squared distances to the nearest value: the least possible. */
  squaredError: number;
}

/** Codes have at most eight bits. */
const CLUSTERS_MAX = 256;
/** The choices of the dynamic programme take 4 bytes a cell: 1 GB. */
const CELLS_MAX = 2 ** 28;

/**
 * Exact one-dimensional k-means by dynamic programming over the sorted data: in an optimum clusters are intervals, and
 * the best start of the last interval moves right with its end, so that divide and conquer needs O(k n log n)
 * (Wu 1991; Grønlund et al. 2017). `weights`, one per value and ≥ 0, default to 1; equal values are merged.
 * Throws UserError for NaN or infinity, wrong lengths, no weight, and clusters outside 1 … 256.
 */
export function kMeans(values: ArrayLike<number>, clusters: number, weights?: ArrayLike<number>): Clusters {
  if (!Number.isInteger(clusters) || clusters < 1 || clusters > CLUSTERS_MAX) {
    throw new UserError(`${clusters} clusters; expected a whole number from 1 to ${CLUSTERS_MAX}`);
  }
  if (values.length * clusters > CELLS_MAX) {
    throw new UserError(`${values.length} values into ${clusters} clusters; at most ${CELLS_MAX / clusters} values`);
  }
  const points = weights === undefined ? sorted(values) : sortedWeighted(values, weights);
  const n = points.at.length;
  const k = Math.min(clusters, n);
  const sums = prefixSums(points);
  const { gain, first } = layers(sums, k);
  const means = new Float64Array(k);
  for (let layer = k - 1, end = n; layer >= 0; layer--) {
    const start = first[layer * (n + 1) + end]!;
    means[layer] = points.center + (sums.value[end]! - sums.value[start]!) / (sums.weight[end]! - sums.weight[start]!);
    end = start;
  }
  return { values: means, squaredError: Math.max(0, sums.squares - gain) };
}

/** Distinct values, ascending, less `center`; with their weights. */
interface Points {
  at: Float64Array;
  weight: Float64Array;
  center: number;
}

function sorted(values: ArrayLike<number>): Points {
  const all = Float64Array.from(values).sort();
  if (all.length === 0) throw new UserError("no values; k-means needs at least one");
  // Sorting puts −Infinity first and Infinity and NaN last.
  if (!Number.isFinite(all[0]!) || !Number.isFinite(all.at(-1)!)) throw notFinite(values);
  return merged(all, null);
}

function sortedWeighted(values: ArrayLike<number>, weights: ArrayLike<number>): Points {
  if (weights.length !== values.length) {
    throw new UserError(`${weights.length} weights for ${values.length} values`);
  }
  const order: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) throw notFinite(values);
    if (!(weights[i]! >= 0 && weights[i]! < Number.POSITIVE_INFINITY)) {
      throw new UserError(`weight ${weights[i]} at index ${i}; expected a finite number of at least 0`);
    }
    if (weights[i]! > 0) order.push(i);
  }
  if (order.length === 0) throw new UserError("no value with a weight above 0; k-means needs at least one");
  order.sort((a, b) => values[a]! - values[b]!);
  return merged(
    Float64Array.from(order, (i) => values[i]!),
    Float64Array.from(order, (i) => weights[i]!),
  );
}

function notFinite(values: ArrayLike<number>): UserError {
  const index = Array.prototype.findIndex.call(values, (x: number) => !Number.isFinite(x));
  return new UserError(`${values[index]} at index ${index}; k-means needs finite numbers`);
}

/** Joins equal neighbours; the median as centre keeps the digits of the differences. */
function merged(ascending: Float64Array, weights: Float64Array | null): Points {
  const center = ascending[ascending.length >> 1]!;
  const at = new Float64Array(ascending.length);
  const weight = new Float64Array(ascending.length);
  let n = 0;
  for (let i = 0; i < ascending.length; i++) {
    if (i > 0 && ascending[i] === ascending[i - 1]) n--;
    at[n] = ascending[i]! - center;
    weight[n] = weight[n]! + (weights === null ? 1 : weights[i]!);
    n++;
  }
  return { at: at.subarray(0, n), weight: weight.subarray(0, n), center };
}

interface PrefixSums {
  weight: Float64Array;
  value: Float64Array;
  squares: number;
}

function prefixSums({ at, weight }: Points): PrefixSums {
  const n = at.length;
  const sums = { weight: new Float64Array(n + 1), value: new Float64Array(n + 1), squares: 0 };
  for (let i = 0; i < n; i++) {
    sums.weight[i + 1] = sums.weight[i]! + weight[i]!;
    sums.value[i + 1] = sums.value[i]! + weight[i]! * at[i]!;
    sums.squares += weight[i]! * at[i]! * at[i]!;
  }
  return sums;
}

/**
 * best[j]: the largest Σ (Σ w x)² / Σ w over divisions of the first j points into layer + 1 intervals; least squared
 * error is Σ w x² less that. `first[layer (n+1) + j]` is where the last interval starts.
 */
function layers({ weight, value }: PrefixSums, k: number): { gain: number; first: Uint32Array } {
  const n = weight.length - 1;
  const first = new Uint32Array(k * (n + 1));
  let before = new Float64Array(n + 1);
  let best = new Float64Array(n + 1);
  for (let j = 1; j <= n; j++) best[j] = (value[j]! * value[j]!) / weight[j]!;
  for (let layer = 1; layer < k; layer++) {
    [before, best] = [best, before];
    const row = first.subarray(layer * (n + 1), (layer + 1) * (n + 1));
    // Only the whole data are asked of the last layer.
    const from = layer === k - 1 ? n : layer + 1;
    conquer(weight, value, before, best, row, from, n, layer, n - 1);
  }
  return { gain: best[n]!, first };
}

/** Fills best[from … to], whose last intervals start within low … high. */
function conquer(
  weight: Float64Array,
  value: Float64Array,
  before: Float64Array,
  best: Float64Array,
  start: Uint32Array,
  from: number,
  to: number,
  low: number,
  high: number,
): void {
  while (from <= to) {
    const j = (from + to) >> 1;
    const w = weight[j]!;
    const v = value[j]!;
    const end = Math.min(high, j - 1);
    let most = Number.NEGATIVE_INFINITY;
    let at = low;
    for (let i = low; i <= end; i++) {
      const dv = v - value[i]!;
      const gain = before[i]! + (dv * dv) / (w - weight[i]!);
      if (gain > most) {
        most = gain;
        at = i;
      }
    }
    best[j] = most;
    start[j] = at;
    conquer(weight, value, before, best, start, from, j - 1, low, at);
    from = j + 1;
    low = at;
  }
}
