import { type Format, fakeQuantize, UserError } from "../formats/index.ts";
import { blockLaw } from "./blockLaw.ts";
import { expectedSquaredError } from "./cells.ts";
import { type Law, type LawSource, lawOf } from "./law.ts";
import { sampleLaw } from "./sampleLaw.ts";
import { scaleCases } from "./scaleCases.ts";

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
const FINE_STORES: readonly string[] = ["fp16", "bf16", "fp32"];
const SAMPLES = 2 ** 18;
const SAMPLES_MAX = 2 ** 23;
const BATCHES = 16;

/**
 * Expected relative MSE of a format on independent elements of a fitted distribution, from the distribution alone. Where
 * one codebook is scaled by the block's extremes, its cells are integrated in closed form and the block's scale by
 * quadrature over its order statistics; other formats are tried on samples of the law. Location is taken as zero.
 * Rows of different scale make a whole tensor's fit over-predict: use the fit of `fitWithin`.
 * Throws UserError for a block size that is not a whole number of at least 1.
 */
export function predictedError(source: LawSource, format: Format, options: PredictionOptions = {}): Prediction {
  const size = options.blockSize ?? (typeof format.group === "number" ? format.group : undefined);
  if (size === undefined)
    throw new UserError(`${format.id}: say how many elements one scale per ${format.group} covers`);
  if (!Number.isInteger(size) || size < 1 || size > BLOCK_MAX) {
    throw new UserError(`${format.id}: block size ${size}; expected a whole number from 1 to ${BLOCK_MAX}`);
  }
  if ("verdict" in source && source.scale === null) {
    return none(`${source.verdict} data have no density to predict from: ${source.message}`);
  }
  const law = lawOf(source);
  if (!Number.isFinite(law.secondMoment)) {
    return none(`a t with nu ${source.nu} has no second moment, so a relative squared error is not defined`);
  }
  return byQuadrature(law, format, size) ?? bySampling(law, ("verdict" in source && source.scale) || 1, format, size);
}

/** Null where the scale of a block does not follow from its extremes and one codebook. */
function byQuadrature(law: Law, format: Format, size: number): Prediction | null {
  const { element, rule, store } = format;
  const chooses = "selector" in format && format.selector !== null;
  const coded = "coder" in format && format.coder !== "scaled";
  if (element === null || chooses || coded || !FINE_STORES.includes(store)) return null;
  const low = -element.values[0]!;
  const high = element.values.at(-1)!;
  const cases = low > 0 && high > 0 ? scaleCases(law, rule, low, high) : null;
  if (cases === null) return null;
  const block = blockLaw(law, size, cases);
  const relativeMse = Math.max(0, expectedSquaredError(block, element.values) / block.energy);
  return { relativeMse, method: "quadrature" };
}

function bySampling(law: Law, scale: number, format: Format, size: number): Prediction {
  if (typeof format.group === "number" && format.group !== size) {
    return none(`${format.id} can only be sampled in blocks of ${format.group}`);
  }
  const rows = format.group === "tensor" ? 1 : Math.max(4, Math.ceil(SAMPLES / size / BATCHES));
  if (rows * size * BATCHES > SAMPLES_MAX) return none(`blocks of ${size} are too large to sample`);
  const data = sampleLaw(law, rows * size * BATCHES, scale);
  const ratios: number[] = [];
  let error = 0;
  let energy = 0;
  const length = rows * size;
  const out = new Float32Array(length);
  for (let batch = 0; batch < BATCHES; batch++) {
    const part = data.subarray(batch * length, (batch + 1) * length);
    const { sumSquaredError, sumSquares } = fakeQuantize(part, rows, size, format, out);
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
