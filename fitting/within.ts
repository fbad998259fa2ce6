import { UserError } from "../formats/index.ts";
import type { Samples } from "./moments.ts";
import { fitStudentT } from "./student.ts";
import type { FitOptions, TFit } from "./tfit.ts";

/** How a tensor's tails divide into those of its rows (or blocks) and the spread of their scales. */
export interface WithinFit {
  /** Of all elements, each divided by the scale of its unit: the shape that units share. */
  fit: TFit;
  /** Elements of a unit, units, and units left out because they are all zeros. */
  length: number;
  units: number;
  empty: number;
  /** Mean and standard deviation of the logarithm of the units' scales; the latter is 0 where all are alike. */
  logScaleMean: number;
  logScaleSpread: number;
}

/** A t with more degrees of freedom weighs elements like the normal. */
const NU_NORMAL = 1e4;
const ROUNDS_MAX = 30;
/** Relative change of ν that ends the rounds. */
const SETTLED = 1e-3;
const SCALE_STEPS = 8;

/**
 * Fits one ν to all units of a row-major matrix with rows of `cols`, each unit (a run of `length` within a row, a shorter
 * tail being its own) with a scale of its own, in alternation: scales around zero by the EM weights of a t (Lange, Little
 * & Taylor 1989), then ν on the elements over their scales. Heavy tails of a whole tensor are often channels of different
 * scale; this tells the two apart. With units under some 100 elements ν comes out too high, as scales follow their tails.
 * Throws UserError on NaN, infinity, wrong lengths and data of zeros only.
 */
export function fitWithin(data: Samples, cols: number, length: number = cols, options: FitOptions = {}): WithinFit {
  const { name = "data" } = options;
  if (!Number.isInteger(cols) || cols < 1 || data.length === 0 || data.length % cols !== 0) {
    throw new UserError(`${name}: ${data.length} elements are not rows of ${cols}`);
  }
  if (!Number.isInteger(length) || length < 2) {
    throw new UserError(`${name}: units of ${length}; expected a whole number of at least 2`);
  }
  const spans = unitsOf(data, cols, Math.min(length, cols));
  const kept = spans.filter(({ from, to }) => squares(data, from, to, name) > 0);
  if (kept.length === 0) throw new UserError(`${name}: only zeros`);
  const scales = Float64Array.from(kept, ({ from, to }) => Math.sqrt(squares(data, from, to, name) / (to - from)));
  const scaled = new Float32Array(kept.reduce((sum, { from, to }) => sum + to - from, 0));
  let nu = NU_NORMAL;
  let fit: TFit | null = null;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    divide(data, kept, scales, scaled);
    fit = fitStudentT(scaled, { name });
    if (fit.scale === null) break;
    const next = fit.nu ?? NU_NORMAL;
    if (Math.abs(Math.log(next / nu)) < SETTLED) break;
    nu = next;
    kept.forEach(({ from, to }, u) => {
      scales[u] = scaleOf(data, from, to, nu, scales[u]!);
    });
  }
  const logs = scales.map(Math.log);
  const logScaleMean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const logScaleSpread = Math.sqrt(logs.reduce((sum, log) => sum + (log - logScaleMean) ** 2, 0) / logs.length);
  const empty = spans.length - kept.length;
  return {
    fit: { ...fit!, excessKurtosis: uncompressed(fit!.excessKurtosis, Math.min(length, cols)) },
    length: Math.min(length, cols),
    units: spans.length,
    empty,
    logScaleMean,
    logScaleSpread,
  };
}

interface Span {
  from: number;
  to: number;
}

function unitsOf(data: Samples, cols: number, length: number): Span[] {
  const spans: Span[] = [];
  for (let row = 0; row < data.length; row += cols) {
    for (let from = row; from < row + cols; from += length)
      spans.push({ from, to: Math.min(from + length, row + cols) });
  }
  return spans;
}

function squares(data: Samples, from: number, to: number, name: string): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += data[i]! * data[i]!;
  if (!Number.isFinite(sum)) {
    const at = data.findIndex((x: number, i: number) => i >= from && !Number.isFinite(x));
    throw new UserError(`${name}: element ${at} is ${data[at]}; a fit needs finite numbers`);
  }
  return sum;
}

/** Maximum-likelihood scale of a t with `nu` around zero. */
function scaleOf(data: Samples, from: number, to: number, nu: number, start: number): number {
  let scale = start;
  for (let step = 0; step < SCALE_STEPS; step++) {
    const inverse = 1 / (scale * scale * nu);
    let sum = 0;
    for (let i = from; i < to; i++) {
      const square = data[i]! * data[i]!;
      sum += square / (1 + square * inverse);
    }
    scale = Math.sqrt((((nu + 1) / nu) * sum) / (to - from));
  }
  return scale;
}

function divide(data: Samples, spans: readonly Span[], scales: Float64Array, out: Float32Array): void {
  let k = 0;
  spans.forEach(({ from, to }, u) => {
    const inverse = 1 / scales[u]!;
    for (let i = from; i < to; i++) out[k++] = data[i]! * inverse;
  });
}

/** Division by a unit's own root mean square makes the fourth moment of n normal elements 3 n/(n + 2). */
function uncompressed(excess: number | null, n: number): number | null {
  return excess === null ? null : ((excess + 3) * (n + 2)) / n - 3;
}
