import type { SiteInputs } from "../calibration/index.ts";
import { type Moments, rescaled, rotated } from "../calibration/moments.ts";
import type { Rotation } from "../hadamard/index.ts";
import { inputRange, inputRotation, inputScales } from "../model/architectures/runningFormats.ts";
import type { Recipe } from "./compose.ts";
import { formatGrid } from "./grid.ts";
import { roundRows, staticScale, transformed } from "./inputRounding.ts";
import { layerLog, outputEnergy } from "./layerLog.ts";
import type { LayerLog, Matrix, MethodInput, MethodResult } from "./method.ts";
import type { Layer } from "./part.ts";
import { createProducts, type Products } from "./products.ts";

/** Quantizes all matrices by a recipe: those that share an input together and, where it calibrates, in the model's order. */
export async function runMethod(recipe: Recipe, input: MethodInput): Promise<MethodResult> {
  const { matrices, weights, into, calibrator, inputs } = input;
  const byName = new Map(matrices.map((matrix) => [matrix.name, matrix]));
  const products = createProducts();
  const logs = new Map<string, LayerLog>();
  const sums = { errors: 0, squares: 0, extraBits: 0, count: 0 };
  const warnings: string[] = [];
  const fisher = recipe.needsFisher ? await calibrator!.fisher(weights) : null;
  const quantize = async (site: readonly Matrix[], moments: Moments | null, seen: SiteInputs | null) => {
    for (const done of await quantizeSite(recipe, input, site, moments, seen, fisher, products)) {
      logs.set(done.log.name, done.log);
      sums.errors += done.squaredError;
      sums.squares += done.squares;
      sums.extraBits += done.extraBits;
      sums.count += done.log.shape[0]! * done.log.shape[1]!;
      warnings.push(...done.warnings);
    }
  };
  try {
    if (recipe.calibration === "none" && !inputs?.range) {
      for (const matrix of matrices) await quantize([matrix], null, null);
    } else {
      if (!calibrator) throw new Error("internal: a method that calibrates got no calibrator");
      for (const { name } of matrices) into.get(name)!.set(weights.get(name)!);
      const current = new Map([...weights, ...into]);
      const visit = (names: readonly string[], moments: Moments, seen: SiteInputs) =>
        quantize(
          names.map((name) => byName.get(name)!),
          recipe.calibration === "none" ? null : moments,
          seen,
        );
      await calibrator.walk(current, visit, recipe.calibration === "drift" ? weights : undefined);
    }
  } finally {
    await products.release();
  }
  const layers = matrices.map(({ name }) => {
    const log = logs.get(name);
    if (!log) throw new Error(`internal: ${name} was not visited`);
    return log;
  });
  return {
    layers,
    weightMse: sums.squares > 0 ? sums.errors / sums.squares : 0,
    extraBitsPerWeight: sums.extraBits / sums.count,
    warnings,
  };
}

interface Done {
  log: LayerLog;
  squaredError: number;
  squares: number;
  extraBits: number;
  warnings: string[];
}

async function quantizeSite(
  { scaling, scaleBits, rotation, range: rangeOf, rounding }: Recipe,
  { format, weights, into, inputs }: MethodInput,
  site: readonly Matrix[],
  moments: Moments | null,
  given: SiteInputs | null,
  fisher: ReadonlyMap<string, Float32Array> | null,
  products: Products,
): Promise<Done[]> {
  const layerOf = (matrix: Matrix, values: Float32Array, seen: Moments | null): Layer => {
    const own = fisher?.get(matrix.name);
    const scaledFisher = own && (scales ? own.map((f, i) => f / scales[i % matrix.cols]! ** 2) : own);
    const layer = { matrix, weights: values, format, moments: seen, fisher: scaledFisher, products };
    return { ...layer, grid: rangeOf ? rangeOf(layer) : formatGrid(layer) };
  };
  // What is scaled is not yet on the method's grid: the search for scales rounds on the format's own.
  const plain = site.map((matrix) => {
    const layer = { matrix, weights: weights.get(matrix.name)!, format, moments, products };
    return { ...layer, grid: formatGrid(layer) };
  });
  const scales = scaling ? await scaling(plain) : null;
  const scaled = scales
    ? plain.map((layer) => ({ ...layer, weights: layer.weights.map((w, i) => w * scales[i % layer.matrix.cols]!) }))
    : plain;
  const turn = rotation ? rotation(scaled) : null;
  const move = (x: Float32Array) => transformed(x, scales, turn);
  const moved = given && {
    *[Symbol.iterator]() {
      for (const batch of given.batches) yield move(batch);
    },
  };
  const range = inputs?.range && moved ? staticScale(moved, inputs.format, inputs.range) : 1;
  const round = (x: Float32Array) => roundRows(move(x), moments!.columns, inputs!, range);
  const seen = moments && (inputs ? await given!.moments(round, move) : movedMoments(moments, scales, turn));
  const done: Done[] = [];
  for (const [index, { matrix, weights: original }] of plain.entries()) {
    const { name, cols } = matrix;
    const { weights } = scaled[index]!;
    const layer = layerOf(matrix, turn ? turn.apply(weights.slice()) : weights, seen);
    const result = await rounding(layer);
    const back = turn ? turn.apply(Float64Array.from(result.weights), true) : result.weights;
    const out = new Float32Array(scales ? back.map((w, i) => w / scales[i % cols]!) : back);
    into.get(inputRange(name))?.fill(range);
    into.get(inputScales(name))?.set(scales ?? new Float64Array(cols).fill(1));
    if (turn) into.get(inputRotation(name))?.set(turn.apply(identity(cols)));
    const { log, squaredError, squares } = layerLog(matrix, format, original, out);
    if (layer.grid.element) log.element = layer.grid.element;
    if (turn) log.rotation = turn.block;
    if (moments) {
      const change = out.map((w, i) => w - original[i]!);
      const energy = await outputEnergy(matrix, original, moments, products);
      // A layer that puts out zeros on the whole text has no relative error, and none to speak of.
      log.outputError = energy > 0 ? (await outputEnergy(matrix, change, moments, products)) / energy : 0;
    }
    // Last, since `original` may be the same array.
    into.get(name)!.set(out);
    const warnings = [...(result.warnings ?? [])];
    if (log.zeroGroups > 0) warnings.push(`${name}: ${log.zeroGroups} groups are all zero`);
    const extraBits = (result.extraBits ?? 0) + (layer.grid.extraBits ?? 0) + (scales ? scaleBits * cols : 0);
    done.push({ log, squaredError, squares, extraBits, warnings });
  }
  return done;
}

function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}

/** The moments of x/s R from those of x. */
function movedMoments(moments: Moments, scales: Float64Array | null, turn: Rotation | null): Moments {
  const scaled = scales ? rescaled(moments, scales) : moments;
  return turn ? rotated(scaled, turn) : scaled;
}
