import type { Moments } from "../calibration/index.ts";
import { formatGrid } from "./grid.ts";
import type { Grid, PartOptions, Place, RangePart, Rounder, Ungridded } from "./part.ts";

/** Error of a group rounded by `round`. */
export type Loss = (values: Float32Array, round: Rounder, place: Place) => number;

const options = {
  steps: { default: 40, help: "ratios tried" },
  step: { default: 0.005, help: "distance of two ratios" },
};

/**
 * Clip search: the group's values times each of the ratios are what the format is fitted to; the fit of least loss stays,
 * the first of equals. Values beyond the shrunk range clip.
 */
export function searchedFit(
  own: Grid,
  values: Float32Array,
  place: Place,
  ratios: readonly number[],
  loss: Loss,
): { round: Rounder; loss: number } {
  let [best, least] = [own.fit(values, place), Number.POSITIVE_INFINITY];
  for (const ratio of ratios) {
    const round = own.fit(
      values.map((w) => w * ratio),
      place,
    );
    const error = loss(values, round, place);
    if (error < least) [best, least] = [round, error];
  }
  return { round: best, loss: least };
}

/** The grid whose groups are clipped at the best of 1, 1 − step, … */
function clipGrid(layer: Ungridded, given: PartOptions, loss: Loss): Grid {
  const own = formatGrid(layer);
  const [steps, step] = [given.steps ?? options.steps.default, given.step ?? options.step.default].map(Number);
  const ratios = Array.from({ length: steps! }, (_, i) => 1 - i * step!);
  return { plain: false, fit: (values, place) => searchedFit(own, values, place, ratios, loss).round };
}

const weightLoss: Loss = (values, round) => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (round(values[i]!) - values[i]!) ** 2;
  return sum;
};

/** The error of the group's part of the output, δᵀ H δ with H the moments of the group's own inputs. */
export function outputLoss({ gram, columns }: Moments): Loss {
  return (values, round, { column: from }) => {
    const size = values.length;
    // Groups longer than a row (of `@tensor`) begin at column 0 and go on row by row.
    let sum = 0;
    for (let row = 0; row < size; row += columns) {
      const width = Math.min(columns, size - row);
      const error = new Float64Array(width);
      for (let i = 0; i < width; i++) error[i] = round(values[row + i]!) - values[row + i]!;
      for (let i = 0; i < width; i++) {
        const at = (from + i) * columns + from;
        let along = 0;
        for (let j = 0; j < i; j++) along += gram[at + j]! * error[j]!;
        sum += error[i]! * (2 * along + gram[at + i]! * error[i]!);
      }
    }
    return sum;
  };
}

/** Least squared error of the weights, as llm-datatypes searches (1, 0.995 … 0.805), but for each group. */
export const clip: RangePart = {
  slot: "range",
  options,
  id: "clip",
  summary: "clip each group where the squared error of its weights is least",
  calibration: "none",
  act: (given) => (layer) => clipGrid(layer, given, weightLoss),
};

/** Least squared error of the layer's output, for each output row and group as in AWQ's clipping (Lin et al. 2023). */
export const clipOutput: RangePart = {
  slot: "range",
  options,
  id: "clip-output",
  summary: "clip each group where the squared error of the layer's output is least",
  calibration: "inputs",
  act: (given) => (layer) => clipGrid(layer, given, outputLoss(layer.moments!)),
};
