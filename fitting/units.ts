import type { Samples } from "./moments.ts";
import { fitStudentT } from "./student.ts";
import type { FitOptions } from "./tfit.ts";
import { fitWithin, type WithinFit } from "./within.ts";

/** The fits of one tensor's rows or blocks, summed up. */
export interface UnitFits {
  unit: "row" | "block";
  /** Elements of one unit. */
  length: number;
  /** Units the tensor has, and how many of them, evenly spaced, were fitted. */
  units: number;
  fitted: number;
  /** How many units had each verdict. */
  verdicts: Record<string, number>;
  /** Quartiles of ν over the units; a Gaussian unit counts as infinite and is null where a quartile falls on it. */
  nuQuartiles: [number | null, number | null, number | null];
  /** Why a quartile is null. */
  reason?: string;
  /** One shape for all fitted units, each with its own scale; null where there are only zeros. */
  within: WithinFit | null;
}

/** One fit takes about a millisecond and quartiles need no more: at most this many units of a tensor are fitted. */
export const UNITS_MAX = 256;
/** The shape that rows share is estimated on this many elements: its error is then below one percent. */
const SHARED_MAX = 2 ** 20;

/** Where the fitted units of a matrix begin: at most UNITS_MAX of them, evenly spaced; a row's remainder is left out. */
function unitStarts(
  rows: number,
  cols: number,
  unitLength: number,
): { length: number; units: number; starts: number[] } {
  const length = Math.min(unitLength, cols);
  const perRow = Math.floor(cols / length);
  const units = rows * perRow;
  const fitted = Math.min(units, UNITS_MAX);
  const starts = Array.from({ length: fitted }, (_, i) => {
    const index = Math.floor((i * units) / fitted);
    return Math.floor(index / perRow) * cols + (index % perRow) * length;
  });
  return { length, units, starts };
}

/**
 * Fits some of a matrix's rows (`unitLength` = cols) or blocks one by one, and all of those together with one ν. `read`
 * gives the elements from … to of the row-major matrix.
 */
export function fitUnits(
  read: (from: number, to: number) => Samples,
  rows: number,
  cols: number,
  unitLength: number,
  options: FitOptions = {},
): UnitFits {
  const { length, units, starts } = unitStarts(rows, cols, unitLength);
  const unit = length === cols ? "row" : "block";
  const verdicts: Record<string, number> = {};
  const nus: number[] = [];
  const sample = new Float32Array(starts.length * length);
  for (const [i, start] of starts.entries()) {
    const data = read(start, start + length);
    sample.set(data, i * length);
    const fit = fitStudentT(data, { name: `${options.name ?? "data"}, ${unit} at ${start}` });
    verdicts[fit.verdict] = (verdicts[fit.verdict] ?? 0) + 1;
    if (fit.nu !== null) nus.push(fit.nu);
    else if (fit.verdict === "gaussian") nus.push(Number.POSITIVE_INFINITY);
  }
  nus.sort((a, b) => a - b);
  const nuQuartiles = [0.25, 0.5, 0.75].map((q) => {
    const value = nus[Math.round(q * (nus.length - 1))];
    return value !== undefined && Number.isFinite(value) ? value : null;
  }) as UnitFits["nuQuartiles"];
  const fitted = starts.length;
  const reason =
    nus.length === 0
      ? `no ${unit} of ${length} elements allows an estimate of ν`
      : nuQuartiles.includes(null)
        ? `${verdicts.gaussian} of ${fitted} ${unit}s of ${length} elements cannot be told from a Gaussian`
        : null;
  const within = length > 1 && sample.some((x) => x !== 0) ? fitWithin(sample, length, length, options) : null;
  return { unit, length, units, fitted, verdicts, nuQuartiles, ...(reason === null ? {} : { reason }), within };
}

/**
 * One shape for the rows of a matrix, each with its own scale (see fitWithin), on evenly spaced rows of a million elements
 * in all; null where rows have one element or those taken are all zeros.
 */
export function fitSomeRows(
  read: (from: number, to: number) => Samples,
  rows: number,
  cols: number,
  options: FitOptions = {},
): WithinFit | null {
  if (cols < 2) return null;
  const taken = Math.min(rows, Math.max(1, Math.floor(SHARED_MAX / cols)));
  const sample = new Float32Array(taken * cols);
  for (let i = 0; i < taken; i++) {
    const from = Math.floor((i * rows) / taken) * cols;
    sample.set(read(from, from + cols), i * cols);
  }
  return sample.some((x) => x !== 0) ? fitWithin(sample, cols, cols, options) : null;
}
