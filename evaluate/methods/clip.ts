import { type Format, quantizerOf } from "../../formats/index.ts";
import type { Moments } from "../calibration/index.ts";
import { scaled } from "./grid.ts";
import type { Grid, RangePart, Rounder } from "./part.ts";

/** Error of a group rounded by `round`; `from` is its first column. */
type Loss = (values: Float32Array, round: Rounder, from: number) => number;

/**
 * Clip search: the group's values times each of the ratios 1, 1 − step, … are what the scale is fitted to; the scale of
 * least loss stays, the first of equals. Values beyond the shrunk range clip.
 */
export function clipGrid(format: Format, steps: number, step: number, loss: Loss): Grid {
  const quantizer = quantizerOf(format);
  return {
    plain: false,
    fit(values, from) {
      let [best, least] = [scaled(quantizer, quantizer.fitScale(values)), Number.POSITIVE_INFINITY];
      const shrunk = new Float32Array(values.length);
      for (let i = 0; i < steps; i++) {
        for (let j = 0; j < values.length; j++) shrunk[j] = values[j]! * (1 - i * step);
        const round = scaled(quantizer, quantizer.fitScale(shrunk));
        const error = loss(values, round, from);
        if (error < least) [best, least] = [round, error];
      }
      return best;
    },
  };
}

const weightLoss: Loss = (values, round) => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (round(values[i]!) - values[i]!) ** 2;
  return sum;
};

/** The error of the group's part of the output, δᵀ H δ with H the moments of the group's own inputs. */
function outputLoss({ gram, columns }: Moments): Loss {
  return (values, round, from) => {
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

const options = {
  steps: { default: 40, help: "ratios tried" },
  step: { default: 0.005, help: "distance of two ratios" },
};

const part = { slot: "range", options } as const;
const number = (value: number | true | undefined, fallback: number) => (typeof value === "number" ? value : fallback);

/** Least squared error of the weights, as llm-datatypes searches (1, 0.995 … 0.805), but for each group. */
export const clip: RangePart = {
  ...part,
  id: "clip",
  summary: "clip each group where the squared error of its weights is least",
  calibration: "none",
  act:
    ({ steps, step }) =>
    (format) =>
      clipGrid(format, number(steps, options.steps.default), number(step, options.step.default), weightLoss),
};

/** Least squared error of the layer's output, for each output row and group as in AWQ's clipping (Lin et al. 2023). */
export const clipOutput: RangePart = {
  ...part,
  id: "clip-output",
  summary: "clip each group where the squared error of the layer's output is least",
  calibration: "inputs",
  act:
    ({ steps, step }) =>
    (format, moments) =>
      clipGrid(format, number(steps, options.steps.default), number(step, options.step.default), outputLoss(moments!)),
};
