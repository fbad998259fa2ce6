import type { Format } from "../formats/index.ts";
import { UserError } from "../formats/index.ts";
import { blockLaw } from "./blockLaw.ts";
import { expectedSquaredError } from "./cells.ts";
import { type LawSource, lawOf } from "./law.ts";
import { scaleCases } from "./scaleCases.ts";

export interface Prediction {
  /** Expected Σ(x − x̂)² / Σx² of a quantized tensor; null with `reason` where it cannot be predicted. */
  relativeMse: number | null;
  reason?: string;
}

export interface PredictionOptions {
  /** Elements that share a scale; required where the format says `row` or `tensor`, else the format's group. */
  blockSize?: number;
}

/** No tensor has more elements under one scale. */
const BLOCK_MAX = 2 ** 40;

/**
 * Expected relative MSE of a format on independent elements of a fitted distribution, from the distribution alone: cells
 * of the codebook are integrated in closed form, the block's scale by quadrature over its order statistics (relative
 * error about 1e-9). Location and the rounding of the stored scale are left out; the latter adds about 1e-7 for fp16 and
 * 1e-5 for bf16. Throws UserError for a block size that is not a whole number of at least 1.
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
  const { element } = format;
  if (element === null) return none(`${format.id} chooses a codebook for each group`);
  const { values } = element;
  const low = -values[0]!;
  const high = values.at(-1)!;
  if (!(low > 0 && high > 0)) return none(`${element.id} has levels on one side of zero only`);
  const cases = scaleCases(law, format.rule, low, high);
  if (cases === null) return none(`the scale rule ${format.rule} does not follow from a block's extremes alone`);
  const block = blockLaw(law, size, cases);
  return { relativeMse: Math.max(0, expectedSquaredError(block, values) / block.energy) };
}

function none(reason: string): Prediction {
  return { relativeMse: null, reason };
}
