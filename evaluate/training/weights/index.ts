import { type Format, UserError } from "../../../formats/index.ts";
import type { Rotation } from "../../hadamard/index.ts";
import { clippedGrid } from "./clippedGrid.ts";
import { codebookGrid } from "./codebookGrid.ts";
import { type FixedPoint, fixedPoint } from "./fixedPoint.ts";
import { formatGrid } from "./formatGrid.ts";
import type { Matrix } from "./groupSpans.ts";
import { groupBounds } from "./groupSpans.ts";
import { learnedGrid, plainKernel } from "./learnedGrid.ts";
import { lowRank } from "./lowRank.ts";
import { pausableGrid } from "./pausableGrid.ts";
import { rotatedGrid } from "./rotatedGrid.ts";
import type { FakeQuant, TrainedGrid, WeightRule } from "./rule.ts";
import { throughGrid } from "./throughGrid.ts";

export type { Matrix } from "./groupSpans.ts";
export { type LowRankSums, lowRankSums } from "./lowRankSums.ts";
export type { FakeQuant, LowRank, WeightRule } from "./rule.ts";

/** How a matrix is prepared for its rounding. */
export interface Start {
  /** By which the weights are turned as they are rounded. */
  readonly rotation?: Rotation | undefined;
  /** To which share of each group's extremes they are. */
  readonly clip?: number | undefined;
  /** Where the clip of each group begins, where it is learned. */
  readonly clipStart?: Float32Array | undefined;
}

/**
 * One weight matrix in training by a rule: the format's grid, any of the registry's, joined to what is trained in the
 * weights' place. `initial` is not kept. Throws UserError where the format cannot serve the rule.
 */
export function fakeQuantOf(
  rule: WeightRule,
  format: Format,
  matrix: Matrix,
  initial: Float32Array,
  normal: () => number,
  { rotation, clip = 1, clipStart }: Start = {},
): FakeQuant {
  const units = rule.latent === "full" ? "weights" : rule.latent.in;
  if (rotation && units === "levels") throw new UserError("a product added to the levels is not rotated");
  const turned = rotation ? rotation.apply(initial.slice()) : initial;
  const whole = gridOf(rule, format, matrix, turned, units, clipStart);
  const own = clip < 1 ? clippedGrid(whole, groupBounds(format, matrix), initial.length, clip) : whole;
  const straight = rule.scale === "format" && rule.straightThrough === "identity" && !rule.levels;
  const grid = pausableGrid(rotation ? rotatedGrid(own, rotation, initial.length, straight) : own);
  if (rule.latent !== "full") {
    const base = units === "levels" ? inLevels(grid, format, matrix, initial) : initial.slice();
    return lowRank(rule.latent, matrix, rule.latent.frozen ? inFixedPoint(base, format) : base, grid, normal);
  }
  const weight = initial.slice();
  return {
    parameters: new Map([["weight", weight], ...grid.parameters]),
    extraBits: grid.extraBits,
    rounds: (on) => grid.rounds(on, weight),
    forward: (out) => grid.forward(weight, out),
    backward: (gradient, out, into) => grid.backward(weight, out, gradient, into.get("weight")!, into),
  };
}

function gridOf(
  rule: WeightRule,
  format: Format,
  matrix: Matrix,
  initial: Float32Array,
  units: "weights" | "levels",
  clipStart: Float32Array | undefined,
): TrainedGrid {
  if (rule.levels) return codebookGrid(format, matrix);
  if (rule.scale === "learned" || rule.scale === "learned-clip")
    return learnedGrid(format, matrix, initial, rule, units, clipStart);
  if (units === "levels") throw new UserError("a product added to the levels needs learned scales");
  return rule.scale === "through" ? throughGrid(format, matrix) : formatGrid(format, matrix, rule);
}

/** W₀/s, with the scales that the grid begins with. */
function inLevels(grid: TrainedGrid, format: Format, matrix: Matrix, initial: Float32Array): Float32Array {
  const bounds = groupBounds(format, matrix);
  const scales = grid.parameters.get("scale")!;
  const out = initial.slice();
  for (let g = 0; g < scales.length; g++)
    for (let i = bounds[g]!; i < bounds[g + 1]!; i++) out[i] = scales[g] === 0 ? 0 : out[i]! / scales[g]!;
  return out;
}

function inFixedPoint(levels: Float32Array, format: Format): FixedPoint {
  const { book } = plainKernel(format);
  return fixedPoint(levels, -book.low, book.high);
}
