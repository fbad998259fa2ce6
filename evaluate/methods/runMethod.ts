import type { Calibrator, SiteInputs } from "../calibration/index.ts";
import { type Moments, rescaled, rotated } from "../calibration/moments.ts";
import type { Rotation } from "../hadamard/index.ts";
import { inputRange, inputRotation, inputScales } from "../model/architectures/runningFormats.ts";
import type { Recipe } from "./compose.ts";
import { formatGrid } from "./grid.ts";
import { roundedInputs, roundRows, staticScale, transformed } from "./inputRounding.ts";
import { layerLog, outputEnergy } from "./layerLog.ts";
import type { LayerLog, Matrix, MethodInput, MethodResult } from "./method.ts";
import { roundToNearest } from "./nearest.ts";
import type { Layer, Rounded } from "./part.ts";
import { createProducts, type Products } from "./products.ts";

/**
 * Quantizes all matrices by a recipe: those that share an input together and, where it calibrates, in the model's order.
 * What rounds whole blocks does so once every layer has its scales, rotation and grid, and the layers before it are final.
 */
export async function runMethod(recipe: Recipe, given: MethodInput): Promise<MethodResult> {
  const { rounding, blockRounding } = recipe;
  const input = blockRounding ? { ...given, weights: kept(given) } : given;
  const { matrices, weights, into, calibrator, inputs } = input;
  const byName = new Map(matrices.map((matrix) => [matrix.name, matrix]));
  const products = createProducts();
  const finished = new Map<string, Done>();
  const finish = async (prepared: Prepared, rounded: Rounded, moments: Moments | null) => {
    const { name } = prepared.layer.matrix;
    const out = prepared.undo(rounded.weights);
    finished.set(name, await doneWith(prepared, rounded, out, input, moments, products));
    // Last, since the original may be the same array.
    into.get(name)!.set(out);
    given.tell?.(`layer ${finished.size} of ${matrices.length}`);
  };
  try {
    const fisher = recipe.needsFisher ? await calibrator!.fisher(weights) : null;
    const prepare = (site: readonly Matrix[], moments: Moments | null, seen: SiteInputs | null) =>
      prepareSite(recipe, input, site, { moments, seen, fisher, products });
    if (recipe.calibration === "none" && !inputs?.range && !(inputs && recipe.rotationAsks)) {
      for (const matrix of matrices) {
        for (const each of await prepare([matrix], null, null)) await finish(each, await rounding!(each.layer), null);
      }
    } else {
      if (!calibrator) throw new Error("internal: a method that calibrates got no calibrator");
      for (const { name } of matrices) into.get(name)!.set(weights.get(name)!);
      const current = new Map([...weights, ...into]);
      const waiting = new Map<string, Prepared>();
      const visit = async (names: readonly string[], all: Moments, seen: SiteInputs) => {
        const site = names.map((name) => byName.get(name)!);
        const moments = recipe.calibration === "none" ? null : all;
        for (const each of await prepare(site, moments, seen)) {
          if (rounding) await finish(each, await rounding(each.layer), moments);
          else {
            const { name } = each.layer.matrix;
            into.get(name)!.set(each.undo(roundToNearest(each.layer)));
            waiting.set(name, { ...each, layer: { ...each.layer, moments: null } });
          }
        }
      };
      await calibrator.walk(current, visit, recipe.calibration === "drift" ? weights : undefined);
      if (blockRounding) {
        const rounded = await roundBlocks(
          blockRounding,
          waiting,
          calibrator,
          { current, full: weights, into },
          given.tell,
        );
        await calibrator.walk(current, async (names, moments) => {
          for (const name of names) {
            const each = waiting.get(name)!;
            await finish(each, rounded.get(name) ?? nearestOf(each.layer), moments);
          }
        });
      }
    }
  } finally {
    await products.release();
  }
  return resultOf(
    matrices.map(({ name }) => {
      const done = finished.get(name);
      if (!done) throw new Error(`internal: ${name} was not visited`);
      return done;
    }),
  );
}

/** The full-precision weights, copied where the quantized ones take their place. */
function kept({ matrices, weights, into }: MethodInput): ReadonlyMap<string, Float32Array> {
  const all = new Map(weights);
  for (const { name } of matrices) if (into.get(name) === weights.get(name)) all.set(name, weights.get(name)!.slice());
  return all;
}

/** Rounds the layers that wait, block by block; what `into` then holds is the result. */
async function roundBlocks(
  round: NonNullable<Recipe["blockRounding"]>,
  waiting: ReadonlyMap<string, Prepared>,
  calibrator: Calibrator,
  { current, full, into }: Record<"current" | "full" | "into", ReadonlyMap<string, Float32Array>>,
  tell: MethodInput["tell"],
): Promise<ReadonlyMap<string, Rounded>> {
  const results = new Map<string, Rounded>();
  await calibrator.walkBlocks(current, full, async ({ layers: names, gradients, error }) => {
    const own = names.map((name) => waiting.get(name)!);
    const put = (all: readonly Float32Array[]) => {
      for (const [i, each] of own.entries()) into.get(names[i]!)!.set(each.undo(all[i]!));
    };
    const rounded = await round({
      layers: own.map(({ layer }) => layer),
      async gradients(step, windows, all) {
        put(all);
        const made = await gradients(step, windows);
        return own.map(({ pull }, i) => pull(made.get(names[i]!)!));
      },
      error(all) {
        put(all);
        return error();
      },
    });
    put(rounded.map(({ weights }) => weights));
    for (const [i, name] of names.entries()) results.set(name, rounded[i]!);
    tell?.(`${results.size} of ${waiting.size} layers tuned`);
  });
  return results;
}

/** What no block has, such as the head. */
function nearestOf(layer: Layer): Rounded {
  const warnings = [`${layer.matrix.name}: part of no block, which the method goes by; rounded to nearest`];
  return { weights: roundToNearest(layer), warnings };
}

/** A matrix that has all but its levels. */
interface Prepared {
  /** Its weights scaled and rotated. */
  readonly layer: Layer;
  readonly turn: Rotation | null;
  /** Bits of the scales of its input channels. */
  readonly scaleBits: number;
  /** Weights of the model, of levels of the layer's weights: scale and rotation undone; the levels themselves where there is neither. */
  undo(levels: Float32Array): Float32Array;
  /** The gradient by the layer's weights, of that by the weights in the model. */
  pull(gradient: Float32Array): Float32Array;
}

interface Calibrated {
  readonly moments: Moments | null;
  readonly seen: SiteInputs | null;
  readonly fisher: ReadonlyMap<string, Float32Array> | null;
  readonly products: Products;
}

async function prepareSite(
  { scaling, scaleBits, rotation, rotationAsks, range: rangeOf }: Recipe,
  { format, weights, into, inputs }: MethodInput,
  site: readonly Matrix[],
  { moments, seen: given, fisher, products }: Calibrated,
): Promise<Prepared[]> {
  // What is scaled is not yet on the method's grid: the search for scales rounds on the format's own.
  const plain = site.map((matrix) => {
    const layer = { matrix, weights: weights.get(matrix.name)!, format, moments, products };
    return { ...layer, grid: formatGrid(layer) };
  });
  const scales = scaling ? await scaling(plain) : null;
  const scaled = scales
    ? plain.map((layer) => ({ ...layer, weights: layer.weights.map((w, i) => w * scales[i % layer.matrix.cols]!) }))
    : plain;
  const sample = rotationAsks && inputs && given ? roundedInputs(given, scales, plain[0]!.matrix.cols, inputs) : null;
  const turn = rotation ? rotation(scaled, sample) : null;
  const move = (x: Float32Array) => transformed(x, scales, turn);
  const moved = given && {
    *[Symbol.iterator]() {
      for (const batch of given.batches) yield move(batch);
    },
  };
  const range = inputs?.range && moved ? staticScale(moved, inputs.format, inputs.range) : 1;
  const round = (x: Float32Array) => roundRows(move(x), moments!.columns, inputs!, range);
  const seen = moments && (inputs ? await given!.moments(round, move) : movedMoments(moments, scales, turn));
  return scaled.map(({ matrix, weights: before }) => {
    const { name, cols } = matrix;
    const own = fisher?.get(name);
    const layer = {
      matrix,
      weights: turn ? turn.apply(before.slice()) : before,
      format,
      moments: seen,
      fisher: own && scales ? own.map((f, i) => f / scales[i % cols]! ** 2) : own,
      products,
    };
    into.get(inputRange(name))?.fill(range);
    into.get(inputScales(name))?.set(scales ?? new Float64Array(cols).fill(1));
    if (turn) into.get(inputRotation(name))?.set(turn.apply(identity(cols)));
    return {
      layer: { ...layer, grid: rangeOf ? rangeOf(layer) : formatGrid(layer) },
      turn,
      scaleBits: scales ? scaleBits * cols : 0,
      undo(levels) {
        if (!turn && !scales) return levels;
        const back = turn ? turn.apply(Float64Array.from(levels), true) : levels;
        return new Float32Array(scales ? back.map((w, i) => w / scales[i % cols]!) : back);
      },
      pull(gradient) {
        const unscaled = scales ? gradient.map((g, i) => g / scales[i % cols]!) : gradient.slice();
        return turn ? turn.apply(unscaled) : unscaled;
      },
    };
  });
}

interface Done {
  log: LayerLog;
  squaredError: number;
  squares: number;
  extraBits: number;
  warnings: string[];
}

async function doneWith(
  { layer: { matrix, grid }, turn, scaleBits }: Prepared,
  rounded: Rounded,
  out: Float32Array,
  { format, weights }: MethodInput,
  moments: Moments | null,
  products: Products,
): Promise<Done> {
  const { name } = matrix;
  const original = weights.get(name)!;
  const { log, squaredError, squares } = layerLog(matrix, format, original, out);
  if (grid.element) log.element = grid.element;
  if (turn) log.rotation = turn.block;
  if (moments) {
    const change = out.map((w, i) => w - original[i]!);
    const energy = await outputEnergy(matrix, original, moments, products);
    // A layer that puts out zeros on the whole text has no relative error, and none to speak of.
    log.outputError = energy > 0 ? (await outputEnergy(matrix, change, moments, products)) / energy : 0;
  }
  const warnings = [...(rounded.warnings ?? [])];
  if (turn?.block === 1)
    warnings.push(`${name}: no Hadamard matrix of more than one channel tiles its ${matrix.cols} inputs: not rotated`);
  if (log.zeroGroups > 0) warnings.push(`${name}: ${log.zeroGroups} groups are all zero`);
  const extraBits = (rounded.extraBits ?? 0) + (grid.extraBits ?? 0) + scaleBits;
  return { log, squaredError, squares, extraBits, warnings };
}

function resultOf(all: readonly Done[]): MethodResult {
  const sums = { errors: 0, squares: 0, extraBits: 0, count: 0 };
  for (const { log, squaredError, squares, extraBits } of all) {
    sums.errors += squaredError;
    sums.squares += squares;
    sums.extraBits += extraBits;
    sums.count += log.shape[0]! * log.shape[1]!;
  }
  return {
    layers: all.map(({ log }) => log),
    weightMse: sums.squares > 0 ? sums.errors / sums.squares : 0,
    extraBitsPerWeight: sums.extraBits / sums.count,
    warnings: all.flatMap(({ warnings }) => warnings),
  };
}

function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}

/** The moments of x/s R from those of x. */
function movedMoments(moments: Moments, scales: Float64Array | null, turn: Rotation | null): Moments {
  const scaled = scales ? rescaled(moments, scales) : moments;
  return turn ? rotated(scaled, turn) : scaled;
}
