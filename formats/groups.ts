import { type Blocking, type BlockingOptions, blockingOf } from "./blocking.ts";
import { UserError } from "./error.ts";
import type { Format } from "./format.ts";

/** One group of a matrix: values[from … to), its extremes and sum of squares. The extremes include 0. */
export interface GroupSpan {
  index: number;
  from: number;
  to: number;
  min: number;
  max: number;
  sumSquares: number;
}

/**
 * Calls `visit` for each group of a matrix in memory order (the span object is reused). Checks the matrix and every
 * value first seen: throws UserError for wrong lengths, group larger than the row, and NaN or infinity, named by place.
 */
export function forEachGroup(
  values: Float32Array,
  rows: number,
  cols: number,
  format: Format,
  options: BlockingOptions,
  visit: (span: GroupSpan) => void,
): Blocking {
  const blocking = blockingOf(format, rows, cols, options);
  if (values.length !== rows * cols) {
    throw new UserError(
      `${options.name ?? "the matrix"}: ${values.length} numbers, expected ${rows} × ${cols} = ${rows * cols}`,
    );
  }
  const { lines, length, size } = blocking;
  const span: GroupSpan = { index: 0, from: 0, to: 0, min: 0, max: 0, sumSquares: 0 };
  for (let line = 0; line < lines; line++) {
    const end = (line + 1) * length;
    for (span.from = line * length; span.from < end; span.from = span.to) {
      span.to = Math.min(span.from + size, end);
      measure(values, span);
      // Squares of float32 cannot overflow float64, so the sum is finite exactly if all values are.
      if (!Number.isFinite(span.sumSquares)) throw notFinite(values, span, cols, format, options);
      visit(span);
      span.index++;
    }
  }
  return blocking;
}

function measure(values: Float32Array, span: GroupSpan): void {
  let min = 0;
  let max = 0;
  let sumSquares = 0;
  for (let i = span.from; i < span.to; i++) {
    const value = values[i]!;
    if (value > max) max = value;
    if (value < min) min = value;
    sumSquares += value * value;
  }
  span.min = min;
  span.max = max;
  span.sumSquares = sumSquares;
}

function notFinite(
  values: Float32Array,
  span: GroupSpan,
  cols: number,
  format: Format,
  options: BlockingOptions,
): UserError {
  const index = values.findIndex((value, i) => i >= span.from && !Number.isFinite(value));
  const place = `row ${Math.floor(index / cols)}, column ${index % cols} (index ${index})`;
  return new UserError(
    `${options.name ?? "the matrix"}: ${values[index]} at ${place}; ${format.id} needs finite numbers`,
  );
}
