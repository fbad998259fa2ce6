import { getElement, isElementId, makeFormat, UserError } from "../../formats/index.ts";
import { outputLoss, searchedFit } from "./clip.ts";
import { formatGrid, groupsOf } from "./grid.ts";
import type { Grid, RangePart, Ungridded } from "./part.ts";

/** The candidates of LLM-FP4's code: 100 factors of the exponent bias, 0.01 … 1.2. */
const CANDIDATES = 100;
const [LOWEST, HIGHEST] = [0.01, 1.2];

/** A floating-point split of the format's bits: sign, `exponent` and `mantissa`. */
interface Split {
  readonly exponent: number;
  readonly mantissa: number;
  readonly own: Grid;
}

/**
 * The search of LLM-FP4 (Liu et al. 2023, §4.1) for weights: each matrix takes the split of its bits into exponent and
 * mantissa, and each group the real-valued exponent bias, with the least squared error of the output. The bias that puts
 * the largest weight M at the end of the range is b = 2^e − log₂ M + log₂(2 − 2^−m) − 1; candidates are γ b, γ in 0.01 …
 * 1.2, as in the code, so that M becomes M · 2^((1−γ) b).
 */
function searchedGrid(layer: Ungridded): Grid {
  const { format, weights } = layer;
  const splits = splitsOf(layer);
  const loss = outputLoss(layer.moments!);
  let [best, least] = [splits[0]!, Number.POSITIVE_INFINITY];
  for (const split of splits) {
    let total = 0;
    for (const group of groupsOf(layer)) {
      const values = weights.subarray(group.from, group.to);
      total += searchedFit(split.own, values, group, ratiosOf(values, split), loss).loss;
    }
    if (total < least) [best, least] = [split, total];
  }
  const { own } = best;
  const element = `e${best.exponent}m${best.mantissa}`;
  return {
    plain: false,
    ...(element === format.element!.id ? {} : { element }),
    fit: (values, place) => searchedFit(own, values, place, ratiosOf(values, best), loss).round,
  };
}

function splitsOf(layer: Ungridded): Split[] {
  const { format } = layer;
  const { element, group, rule, store, name } = format;
  if (!element || name !== null)
    throw new UserError(`${format.id}: floatsearch splits the bits of a format of one element, such as e2m1@row`);
  return Array.from({ length: element.bits - 1 }, (_, mantissa) => mantissa).flatMap((mantissa) => {
    const exponent = element.bits - 1 - mantissa;
    const id = `e${exponent}m${mantissa}`;
    if (!isElementId(id)) return [];
    return [
      {
        exponent,
        mantissa,
        own: formatGrid({ ...layer, format: makeFormat({ element: getElement(id), group, rule, store }) }),
      },
    ];
  });
}

function ratiosOf(values: Float32Array, { exponent, mantissa }: Split): number[] {
  const largest = values.reduce((max, w) => Math.max(max, Math.abs(w)), 0);
  if (largest === 0) return [1];
  const bias = 2 ** exponent - Math.log2(largest) + Math.log2(2 - 2 ** -mantissa) - 1;
  const factors = Array.from({ length: CANDIDATES }, (_, i) => LOWEST + ((HIGHEST - LOWEST) * i) / (CANDIDATES - 1));
  return [1, ...factors.map((factor) => 2 ** ((1 - factor) * bias))];
}

export const floatSearch: RangePart = {
  slot: "range",
  id: "floatsearch",
  summary: "split each matrix's bits into exponent and mantissa, and clip, where the output error is least (LLM-FP4)",
  calibration: "inputs",
  options: {},
  ownLevels: true,
  act: () => searchedGrid,
};
