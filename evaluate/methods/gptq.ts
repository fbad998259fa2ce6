import { blockingOf } from "../../formats/index.ts";
import { solveTransposed, solveUpper } from "./cholesky.ts";
import { DYNAMIC_GROUP_MAX, roundWithFeedback } from "./feedback.ts";
import { fittedGrid } from "./grid.ts";
import { factorize } from "./hessian.ts";
import type { Matrix } from "./method.ts";
import { roundToNearest } from "./nearest.ts";
import type { Layer, PartOptions, Place, Rounded, RoundingPart } from "./part.ts";
import type { Products } from "./products.ts";

/** How the full-precision model's inputs enter: not at all, as GPTAQ's drift, or by moving the target beforehand. */
type Target = "own" | "drift" | "solved";

const DAMP = 0.01;
/** The factor of the drift in GPTQModel's GPTAQ. */
const ALPHA = 0.25;

const options = {
  damp: { default: DAMP, help: "what is added to the diagonal of the moments, as a fraction of its mean" },
  static: { default: null, help: "fit all groups to the weights as they were" },
  actorder: { default: null, help: "columns of the largest inputs first; groups are then static" },
};

async function roundLayer(layer: Layer, given: PartOptions, target: Target): Promise<Rounded> {
  const { matrix, format, moments, products } = layer;
  const { name, rows, cols } = matrix;
  const order = Uint32Array.from({ length: cols }, (_, j) => j);
  const size = (j: number) => moments!.gram[j * cols + j]!;
  if (given.actorder) order.sort((a, b) => size(b) - size(a) || a - b);
  const damp = typeof given.damp === "number" ? given.damp : DAMP;
  const factor = await factorize(moments!, order, damp, products);
  if (!factor) {
    const warning = `${name}: the moments of its inputs are not positive definite at any damping; rounded to nearest`;
    return { weights: roundToNearest(layer), warnings: [warning] };
  }
  const drift = target === "own" ? null : permuteSquare(moments!.drift!, order);
  const inOrder = permuteColumns(layer.weights, order);
  const weights = target === "solved" ? await movedTarget(inOrder, matrix, factor.upper, drift!, products) : inOrder;
  const alpha = typeof given.alpha === "number" ? given.alpha : ALPHA;
  const { lines, size: group, groupsPerLine } = blockingOf(format, rows, cols, { name });
  const dynamic = !given.static && !given.actorder && lines === rows && group <= DYNAMIC_GROUP_MAX;
  const inverse = inverseOf(order);
  const rounded = await roundWithFeedback({
    rows,
    cols,
    weights,
    upper: factor.upper,
    drift: target === "drift" ? driftGains(factor.upper, cols, drift!, alpha) : null,
    grid: dynamic
      ? { group, fit: (values, row, column) => layer.grid.fit(values, placeOf(row, column, group, groupsPerLine)) }
      : { at: orderedGrid({ ...layer, weights: permuteColumns(weights, inverse) }, order) },
    products,
  });
  const warnings: string[] = [];
  if (target === "own") {
    const nearest = roundToNearest(layer);
    if (!(rounded.loss <= (await lossOf(layer, nearest, factor.upper, order)))) {
      warnings.push(`${name}: error feedback loses to rounding to nearest, which was taken`);
      return { weights: nearest, warnings };
    }
  }
  if (factor.damp > damp) warnings.push(`${name}: damped by ${factor.damp}, ${damp} left it not positive definite`);
  return { weights: permuteColumns(rounded.weights, inverse), warnings };
}

/** tr (W − Ŵ) R Rᵀ (W − Ŵ)ᵀ. */
async function lossOf(
  { matrix: { rows, cols }, weights, products }: Layer,
  rounded: Float32Array,
  upper: Float64Array,
  order: Uint32Array,
): Promise<number> {
  const error = new Float32Array(weights.length);
  for (let row = 0; row < error.length; row += cols) {
    for (let j = 0; j < cols; j++) error[row + j] = rounded[row + order[j]!]! - weights[row + order[j]!]!;
  }
  const spread = await products.multiply(error, new Float32Array(upper), rows, cols, cols);
  let sum = 0;
  for (let i = 0; i < spread.length; i++) sum += spread[i]! * spread[i]!;
  return sum;
}

function placeOf(row: number, column: number, group: number, groupsPerLine: number): Place {
  return { row, column, index: row * groupsPerLine + column / group };
}

function orderedGrid(layer: Layer, order: Uint32Array) {
  const at = fittedGrid(layer);
  return (row: number, position: number) => at(row, order[position]!);
}

/**
 * Moves W to the minimizer of ‖Ŵ X − W X_fp‖², W + W D (H + λI)⁻¹ with D the mean of (x_fp − x) xᵀ: what an unrounded
 * layer would need to give the full-precision output on the quantized model's inputs.
 */
async function movedTarget(
  weights: Float32Array,
  { rows, cols }: Matrix,
  upper: Float64Array,
  drift: Float64Array,
  products: Products,
): Promise<Float32Array> {
  const move = new Float64Array(await products.multiply(weights, new Float32Array(drift), rows, cols, cols));
  solveTransposed(upper, cols, move);
  solveUpper(upper, cols, move);
  return weights.map((weight, i) => weight + move[i]!);
}

/**
 * GPTAQ (Li et al. 2025) updates W_{j+1:} −= e_j U_j − w_j P_j with P = α triu(D Uᵀ, 1) U and U = chol(H⁻¹)ᵀ = R⁻¹. In the
 * form of `roundWithFeedback` that is a gain of w_j S_jk with S = P U⁻¹ diag(U) = α triu(D R⁻ᵀ, 1) diag(R)⁻¹.
 */
function driftGains(upper: Float64Array, n: number, drift: Float64Array, alpha: number): Float64Array {
  const gains = drift.slice();
  solveTransposed(upper, n, gains);
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < n; k++) gains[j * n + k] = k > j ? (alpha * gains[j * n + k]!) / upper[k * n + k]! : 0;
  }
  return gains;
}

/** `x` itself where the order is that of the columns. */
function permuteColumns(x: Float32Array, order: Uint32Array): Float32Array {
  const cols = order.length;
  if (order.every((column, position) => column === position)) return x;
  const out = new Float32Array(x.length);
  for (let row = 0; row < x.length; row += cols) {
    for (let j = 0; j < cols; j++) out[row + j] = x[row + order[j]!]!;
  }
  return out;
}

function permuteSquare(x: Float64Array, order: Uint32Array): Float64Array {
  const n = order.length;
  return Float64Array.from(x, (_, i) => x[order[Math.floor(i / n)]! * n + order[i % n]!]!);
}

function inverseOf(order: Uint32Array): Uint32Array {
  const inverse = new Uint32Array(order.length);
  order.forEach((column, position) => {
    inverse[column] = position;
  });
  return inverse;
}

/** GPTQ (Frantar et al. 2023), with any codebook: only the rounding of a column knows the grid. */
export const gptq: RoundingPart = {
  slot: "rounding",
  id: "gptq",
  summary: "round column by column, later columns make up for the output error of earlier ones",
  calibration: "inputs",
  options,
  act: (given) => (layer) => roundLayer(layer, given, "own"),
};

/** GPTAQ (Li et al. 2025): GPTQ towards the outputs of the full-precision model. */
export const gptaq: RoundingPart = {
  slot: "rounding",
  id: "gptaq",
  summary: "gptq towards the full-precision model's outputs, correcting for earlier layers",
  calibration: "drift",
  options: {
    ...options,
    alpha: { default: ALPHA, help: "how much of the drift is corrected" },
    solved: { default: null, help: "solve for the whole correction before rounding instead" },
  },
  act: (given) => (layer) => roundLayer(layer, given, given.solved ? "solved" : "drift"),
};
