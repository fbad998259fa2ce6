import { type Blocking, type BlockingOptions, blockingOf } from "./blocking.ts";
import { UserError } from "./error.ts";
import type { Format } from "./format.ts";
import type { GroupFitter } from "./groupFitter.ts";
import { forEachGroup } from "./groups.ts";
import { type OuterLevel, scaleStores } from "./scaleStores.ts";
import type { Outer } from "./storedScale.ts";

/** The second level of a matrix's scales: one number for each span of groups, and the mean scale where it is taken away. */
export interface OuterScales {
  numbers: Float32Array;
  mean: number;
}

/** Finds the second level in one pass over the matrix; null for formats without one. Throws UserError as `forEachGroup` does. */
export function outerScales(
  format: Format,
  fitter: GroupFitter,
  values: Float32Array,
  rows: number,
  cols: number,
  options: BlockingOptions,
): OuterScales | null {
  const { outer } = scaleStores[format.store];
  if (!outer) return null;
  const blocking = blockingOf(format, rows, cols, options);
  const ideals = new Float64Array(blocking.groups);
  forEachGroup(values, rows, cols, format, options, (span) => {
    ideals[span.index] = Math.abs(fitter.ideal(values, span));
  });
  return outerOfIdeals(format, ideals, blocking, options);
}

/** The same from the scale of each group before it is stored, 0 for zeros. */
export function outerOfIdeals(
  format: Format,
  ideals: Float64Array,
  blocking: Blocking,
  options: BlockingOptions,
): OuterScales | null {
  const { outer } = scaleStores[format.store];
  if (!outer) return null;
  const used = outer.centred ? ideals.filter((ideal) => ideal > 0) : new Float64Array();
  const mean = used.length > 0 ? Math.fround(used.reduce((a, b) => a + b) / used.length) : 0;
  const numbers = new Float32Array(spanCount(outer, blocking));
  ideals.forEach((ideal, index) => {
    const span = spanOf(outer, blocking, index);
    if (ideal > 0) numbers[span] = Math.max(numbers[span]!, Math.abs(ideal - mean));
  });
  for (const [i, largest] of numbers.entries()) {
    numbers[i] = largest > 0 ? outer.round(largest / outer.top) : 1;
    if (!Number.isFinite(numbers[i]!)) {
      throw new UserError(
        `${format.id}: ${options.name ?? "the matrix"} needs a second-level scale of ${largest / outer.top}, above the range of ${outer.bits}-bit floats`,
      );
    }
  }
  return { numbers, mean };
}

/** The second level of a group, as `storedScale` takes it. */
export function outerOf(format: Format, scales: OuterScales | null, blocking: Blocking, index: number): Outer | null {
  const { outer } = scaleStores[format.store];
  if (scales === null || !outer) return null;
  return { number: scales.numbers[spanOf(outer, blocking, index)]!, mean: scales.mean };
}

function spanOf({ span }: OuterLevel, { groupsPerLine }: Blocking, index: number): number {
  if (span === "tensor") return 0;
  return Math.floor(index / (span === "row" ? groupsPerLine : span));
}

function spanCount({ span }: OuterLevel, { lines, groups }: Blocking): number {
  if (span === "tensor") return 1;
  return span === "row" ? lines : Math.ceil(groups / span);
}
