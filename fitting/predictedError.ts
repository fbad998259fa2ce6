import { type Format, fakeQuantize, normalQuantile, type ScaleStoreId, UserError } from "../formats/index.ts";
import { blockLaw } from "./blockLaw.ts";
import { expectedSquaredError } from "./cells.ts";
import { type Law, type LawSource, lawOf } from "./law.ts";
import { sampleLaw } from "./sampleLaw.ts";
import { scaleCases } from "./scaleCases.ts";
import type { WithinFit } from "./within.ts";

export interface Prediction {
  /** Expected Σ(x − x̂)² / Σx² of a quantized tensor; null with `reason` where it cannot be predicted. */
  relativeMse: number | null;
  /**
   * `quadrature`: exact to about 1e-9, but for the rounding of the stored scale, left out: about 1e-7 for fp16, 1e-5 for
   * bf16. `sampling`: the format itself on elements drawn from the law, with the standard error.
   */
  method: "quadrature" | "sampling" | null;
  standardError?: number;
  reason?: string;
}

export interface PredictionOptions {
  /** Elements that share a scale; required where the format says `row` or `tensor`, else the format's group. */
  blockSize?: number;
}

/** No tensor has more elements under one scale. */
const BLOCK_MAX = 2 ** 40;
/** Scale stores so fine that their rounding does not show. */
const FINE_STORES: readonly ScaleStoreId[] = ["fp16", "bf16", "fp32"];
/** A row as models have them: formats with a second level share that along a row. */
const ROW = 4096;
const SAMPLES = 2 ** 18;
const SAMPLES_MAX = 2 ** 23;
const BATCHES = 16;

/**
 * Expected relative MSE of a format on independent elements of a fitted distribution, from the distribution alone. Where
 * one codebook is scaled by the block's extremes, its cells are integrated in closed form and the block's scale by
 * quadrature over its order statistics; other formats are tried on samples of the law. Location is taken as zero.
 * Rows of different scale make a whole tensor's fit over-predict: give what `fitWithin` found, unless one scale covers the
 * whole tensor. Throws UserError for a block size that is not a whole number of at least 1.
 */
export function predictedError(
  source: LawSource | WithinFit,
  format: Format,
  options: PredictionOptions = {},
): Prediction {
  const size = options.blockSize ?? (typeof format.group === "number" ? format.group : undefined);
  if (size === undefined)
    throw new UserError(`${format.id}: say how many elements one scale per ${format.group} covers`);
  if (!Number.isInteger(size) || size < 1 || size > BLOCK_MAX) {
    throw new UserError(`${format.id}: block size ${size}; expected a whole number from 1 to ${BLOCK_MAX}`);
  }
  const shape = "fit" in source ? source.fit : source;
  if ("verdict" in shape && shape.scale === null) {
    return none(`${shape.verdict} data have no density to predict from: ${shape.message}`);
  }
  const law = lawOf(shape);
  if (!Number.isFinite(law.secondMoment)) {
    return none(`a t with nu ${shape.nu} has no second moment, so a relative squared error is not defined`);
  }
  const scale = ("verdict" in shape && shape.scale) || 1;
  const rows = "fit" in source ? { mean: source.logScaleMean, spread: source.logScaleSpread } : { mean: 0, spread: 0 };
  return (
    byQuadrature(law, format, size) ??
    bySampling(law, (q) => scale * Math.exp(rows.mean + rows.spread * normalQuantile(q)), format, size)
  );
}

/** Null where the scale of a block does not follow from its extremes and one codebook. */
function byQuadrature(law: Law, format: Format, size: number): Prediction | null {
  const { element, rule, store } = format;
  if (element === null || format.selector !== null || format.coder !== "scaled" || !FINE_STORES.includes(store))
    return null;
  const low = -element.values[0]!;
  const high = element.values.at(-1)!;
  const cases = low > 0 && high > 0 ? scaleCases(law, rule, low, high) : null;
  if (cases === null) return null;
  const block = blockLaw(law, size, cases);
  const relativeMse = Math.max(0, expectedSquaredError(block, element.values) / block.energy);
  return { relativeMse, method: "quadrature" };
}

/** `scaleOf` gives the quantiles of the rows' scales. */
function bySampling(law: Law, scaleOf: (q: number) => number, format: Format, size: number): Prediction {
  if (typeof format.group === "number" && format.group !== size) {
    return none(`${format.id} can only be sampled in blocks of ${format.group}`);
  }
  const cols = typeof format.group === "number" ? size * Math.max(1, Math.floor(ROW / size)) : size;
  const rows = format.group === "tensor" ? 1 : Math.max(4, Math.ceil(SAMPLES / cols / BATCHES));
  const length = rows * cols;
  if (length * BATCHES > SAMPLES_MAX) return none(`blocks of ${size} are too large to sample`);
  const data = sampleLaw(law, length * BATCHES);
  const ratios: number[] = [];
  let error = 0;
  let energy = 0;
  const out = new Float32Array(length);
  for (let batch = 0; batch < BATCHES; batch++) {
    const part = data.subarray(batch * length, (batch + 1) * length);
    for (let row = 0; row < rows; row++) {
      const scale = scaleOf((row * BATCHES + batch + 0.5) / (rows * BATCHES));
      for (let i = row * cols; i < (row + 1) * cols; i++) part[i] = part[i]! * scale;
    }
    const { sumSquaredError, sumSquares } = fakeQuantize(part, rows, cols, format, out);
    ratios.push(sumSquaredError / sumSquares);
    error += sumSquaredError;
    energy += sumSquares;
  }
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / BATCHES;
  const variance = ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / (BATCHES - 1);
  return { relativeMse: error / energy, method: "sampling", standardError: Math.sqrt(variance / BATCHES) };
}

function none(reason: string): Prediction {
  return { relativeMse: null, method: null, reason };
}
