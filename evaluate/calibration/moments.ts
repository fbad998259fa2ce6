import type { Rotation } from "../hadamard/index.ts";

/** What calibration knows of the inputs x of a linear layer, over `tokens` calibration tokens. */
export interface Moments {
  readonly columns: number;
  readonly tokens: number;
  /** Mean of x xᵀ, row-major [columns, columns], symmetric. The Hessian of the layer's squared output error is twice that. */
  readonly gram: Float64Array;
  /** Mean of (x_fp − x) xᵀ, x_fp being the full-precision model's input; null where it was not asked for. */
  readonly drift: Float64Array | null;
  /** Mean and maximum of |x| of each channel. */
  readonly absMean: Float64Array;
  readonly absMax: Float64Array;
}

/** Moments of explicit activations, row-major [tokens, columns]: the definition, in float64. */
export function momentsOf(x: ArrayLike<number>, columns: number, reference?: ArrayLike<number>): Moments {
  const tokens = x.length / columns;
  const gram = new Float64Array(columns * columns);
  const drift = reference ? new Float64Array(columns * columns) : null;
  const channel = emptyChannels(columns);
  for (let t = 0; t < tokens; t++) {
    for (let i = 0; i < columns; i++) {
      const value = x[t * columns + i]!;
      const moved = reference ? reference[t * columns + i]! - value : 0;
      for (let j = 0; j < columns; j++) {
        gram[i * columns + j]! += (value * x[t * columns + j]!) / tokens;
        if (drift) drift[i * columns + j]! += (moved * x[t * columns + j]!) / tokens;
      }
    }
  }
  addChannels(channel, x, columns);
  for (let i = 0; i < columns; i++) channel.absMean[i]! /= tokens;
  return { columns, tokens, gram, drift, ...channel };
}

/** The moments of x/s: what a layer sees whose input channels were divided by `scales`. */
export function rescaled(moments: Moments, scales: Float64Array): Moments {
  const { columns } = moments;
  const square = (m: Float64Array) =>
    m.map((value, at) => value / (scales[Math.floor(at / columns)]! * scales[at % columns]!));
  return {
    ...moments,
    gram: square(moments.gram),
    drift: moments.drift && square(moments.drift),
    absMean: moments.absMean.map((value, j) => value / scales[j]!),
    absMax: moments.absMax.map((value, j) => value / scales[j]!),
  };
}

/**
 * The moments of x R. Those of single channels, which do not follow from the moments of x, are bounded: |x R|_j by the
 * root of its mean square, and by the norm of its block's maxima.
 */
export function rotated(moments: Moments, { block, apply }: Rotation): Moments {
  const { columns, gram, drift, absMax } = moments;
  const square = (m: Float64Array) => transposed(apply(transposed(apply(m.slice()), columns)), columns);
  const turned = square(gram);
  return {
    ...moments,
    gram: turned,
    drift: drift && square(drift),
    absMean: absMax.map((_, j) => Math.sqrt(Math.max(turned[j * (columns + 1)]!, 0))),
    absMax: absMax.map((_, j) => Math.hypot(...absMax.subarray(j - (j % block), j - (j % block) + block))),
  };
}

function transposed(m: Float64Array, n: number): Float64Array {
  return m.map((_, at) => m[(at % n) * n + Math.floor(at / n)]!);
}

export interface Channels {
  absMean: Float64Array;
  absMax: Float64Array;
}

export function emptyChannels(columns: number): Channels {
  return { absMean: new Float64Array(columns), absMax: new Float64Array(columns) };
}

/** Adds |x| to the sums (in `absMean`) and maxima of its channels. */
export function addChannels({ absMean, absMax }: Channels, x: ArrayLike<number>, columns: number): void {
  for (let at = 0; at < x.length; at += columns) {
    for (let j = 0; j < columns; j++) {
      const size = Math.abs(x[at + j]!);
      absMean[j]! += size;
      if (size > absMax[j]!) absMax[j] = size;
    }
  }
}
