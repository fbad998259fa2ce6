import { type Format, fakeQuantize, groupQuantizerOf, scaleStores, UserError } from "../../formats/index.ts";
import type { SiteInputs } from "../calibration/index.ts";
import { CHOICE_TOKENS, type Rotation, type RoundedValues } from "../hadamard/index.ts";
import type { StaticRange } from "../model/architectures/runningFormats.ts";

/** What the inputs of layers are rounded to as the model runs. */
export interface InputRounding {
  readonly format: Format;
  /** Null where each token or group has scales of its own. */
  readonly range: StaticRange | null;
}

/** x/s R, one row a token: what a layer rounds. A new array. */
export function transformed(x: Float32Array, scales: Float64Array | null, turn: Rotation | null): Float32Array {
  const divisors = scales && Float32Array.from(scales);
  const scaled = divisors ? x.map((value, i) => value / divisors[i % divisors.length]!) : x.slice();
  return turn ? turn.apply(scaled) : scaled;
}

/** Rounds rows of `columns` numbers in place as the model's graph does; `scale` is that of a static range. */
export function roundRows(
  x: Float32Array,
  columns: number,
  { format, range }: InputRounding,
  scale: number,
): Float32Array {
  const options = { oversizeGroup: "row" } as const;
  if (range !== null) {
    const quantizer = groupQuantizerOf(format);
    x.set(quantizer.round(x, { ...quantizer.fit([1]), scale, lower: scale, divisor: scale }));
  } else if (scaleStores[format.store].outer) {
    // The second level of scales is a token's own.
    for (let at = 0; at < x.length; at += columns) {
      const row = x.subarray(at, at + columns);
      fakeQuantize(row, 1, columns, format, row, options);
    }
  } else fakeQuantize(x, x.length / columns, columns, format, x, options);
  return x;
}

/** A few tokens' inputs of a layer, divided by `scales`; what rounding loses counts as the mean of tokens. */
export function roundedInputs(
  { batches }: SiteInputs,
  scales: Float64Array | null,
  columns: number,
  rounding: InputRounding,
): RoundedValues {
  const [first] = batches;
  const values = transformed(first!.subarray(0, CHOICE_TOKENS * columns), scales, null);
  return {
    values,
    share: columns / values.length,
    lossOf(x) {
      const scale = rounding.range ? staticScale([x], rounding.format, rounding.range) : 1;
      const rounded = roundRows(x.slice(), columns, rounding, scale);
      return rounded.reduce((sum, value, i) => sum + (value - x[i]!) ** 2, 0);
    },
  };
}

/** Numbers that a search looks at, evenly spaced over all: their error is known to a percent. */
const SEARCHED = 2 ** 17;
/** Ranges that a search tries: this share of the extremes, twice, …, all. */
const STEP = 1 / 40;

/**
 * The stored scale of one range for all tokens. `absmax` reaches the extremes of the calibration text; `mse` is the share of
 * them, in steps of 1/40, at which the sum of squared errors is least.
 */
export function staticScale(batches: Iterable<Float32Array>, format: Format, range: StaticRange): number {
  const quantizer = groupQuantizerOf(format);
  let [min, max, count] = [0, 0, 0];
  for (const batch of batches) {
    count += batch.length;
    for (const value of batch) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  // A layer that is given zeros alone rounds them to zero at any scale.
  if (min === 0 && max === 0) return 1;
  const at = (share: number) => quantizer.fit([min * share, max * share]);
  if (range === "absmax") return at(1).scale;
  const stride = Math.max(1, Math.floor(count / SEARCHED));
  const sampled: number[] = [];
  for (const batch of batches) for (let i = 0; i < batch.length; i += stride) sampled.push(batch[i]!);
  const sample = Float32Array.from(sampled);
  let [best, least] = [1, Number.POSITIVE_INFINITY];
  for (let share = 1; share > 0; share -= STEP) {
    const rounded = quantizer.round(sample, at(share));
    const error = rounded.reduce((sum, value, i) => sum + (value - sample[i]!) ** 2, 0);
    if (error < least) [best, least] = [share, error];
  }
  return at(best).scale;
}

/** Throws UserError for a format whose groups are more than a codebook and a scale. */
export function requireStatic(format: Format): void {
  if (!groupQuantizerOf(format).plain)
    throw new UserError(`${format.id}: a static range needs a format of one codebook and one scale`);
}
