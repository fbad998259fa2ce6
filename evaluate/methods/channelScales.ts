import type { Layer } from "./part.ts";

/** Factors below this, or zero where a channel never fires, would turn to infinity when the inputs are divided. */
const SMALLEST = 1e-4;

/** Scales so that the largest and the smallest are reciprocal, as AWQ's code does; channels without a scale get 1. */
export function balanced(scales: Float64Array): Float64Array {
  const known = scales.filter((s) => s > 0 && s < Number.POSITIVE_INFINITY);
  if (known.length === 0) return scales.fill(1);
  const clamped = scales.map((s) => (s > 0 && s < Number.POSITIVE_INFINITY ? Math.max(s, SMALLEST) : Number.NaN));
  const middle = Math.sqrt(
    known.reduce((a, b) => Math.max(a, Math.max(b, SMALLEST)), 0) *
      known.reduce((a, b) => Math.min(a, Math.max(b, SMALLEST)), Number.POSITIVE_INFINITY),
  );
  return clamped.map((s) => (Number.isNaN(s) ? 1 : s / middle));
}

/** max |w| of each input channel over all layers. */
export function weightMaxima(layers: readonly Layer[]): Float64Array {
  const maxima = new Float64Array(layers[0]!.matrix.cols);
  for (const { weights, matrix } of layers) {
    weights.forEach((w, i) => {
      const j = i % matrix.cols;
      if (Math.abs(w) > maxima[j]!) maxima[j] = Math.abs(w);
    });
  }
  return maxima;
}
