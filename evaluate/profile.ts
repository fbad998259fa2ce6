import {
  createAccumulator,
  fitSomeRows,
  fitStudentT,
  fitUnits,
  type Prediction,
  predictedError,
  type TFit,
  type UnitFits,
} from "../fitting/index.ts";
import { UserError } from "../formats/error.ts";
import type { Format } from "../formats/index.ts";
import { type Checkpoint, LINEAR_KINDS, openCheckpoint, type ResolvedModel } from "./model/index.ts";
import type { TensorProfile } from "./trial/row.ts";

/** Over what a Student t is fitted: the whole tensor, each row (output channel), or each group of a row. */
export const FIT_UNITS = ["tensor", "row", "block"] as const;
export type FitUnit = (typeof FIT_UNITS)[number];

/** What one tensor of a checkpoint looks like. */
export interface TensorFit {
  tensor: string;
  layer: number | null;
  kind: string;
  dtype: string;
  shape: number[];
  fit: TFit;
  /** With `by: "row" | "block"`. */
  units?: UnitFits;
  /** With `formats`: the relative squared error each would cause, from the fit within rows, without touching the data. */
  predictions?: PredictedFormat[];
}

export interface PredictedFormat extends Prediction {
  format: string;
}

export interface ProfileOptions {
  by?: FitUnit;
  /** Elements of a block; a row's remainder is left out of the fits by block. */
  block?: number;
  /** Also tensors with fewer than two dimensions (norms, biases). */
  vectors?: boolean;
  /** Formats whose error to predict. */
  formats?: readonly Format[];
  /** Told before each tensor is read, with how many come before it and how many there are. */
  onTensor?: (tensor: string, index: number, total: number) => void;
  /** Tensors with more elements are read in slices (default 2^26). */
  streamFrom?: number;
}

/** Opens the tensors of whatever a MODEL argument led to. */
export function openModelTensors(model: ResolvedModel): Checkpoint {
  return openCheckpoint(model.kind === "file" ? model.file : model.dir);
}

/** Tensors above 64 million elements (256 MB as float32) are read in slices where the checkpoint allows it. */
const STREAM_FROM = 2 ** 26;
const SLICE = 2 ** 20;

/**
 * Fits a Student t to every matrix of a checkpoint, one tensor in memory at a time (large ones in slices), in the
 * checkpoint's order. No architecture is needed. Throws UserError naming the tensor that holds NaN or infinity, or when there is nothing to fit.
 */
export function* profileTensors(checkpoint: Checkpoint, options: ProfileOptions = {}): Generator<TensorFit> {
  const { by = "tensor", block = 128, vectors = false, formats = [], onTensor, streamFrom = STREAM_FROM } = options;
  const names = checkpoint.names().filter((name) => {
    const { shape } = checkpoint.info(name);
    // Integer tensors are masks, counters or packed codes, not weights.
    return checkpoint.readable(name) && !shape.includes(0) && (shape.length >= 2 || vectors);
  });
  if (names.length === 0) {
    const what = vectors ? "floating-point tensor" : "floating-point matrix";
    throw new UserError(`${checkpoint.path}: no ${what} among its ${checkpoint.names().length} tensors`);
  }
  for (const [index, name] of names.entries()) {
    onTensor?.(name, index, names.length);
    const { dtype, shape } = checkpoint.info(name);
    const where = { name: `${checkpoint.path}: ${name}` };
    const size = shape.reduce((product, length) => product * length, 1);
    const slices = size > streamFrom ? checkpoint.slices(name) : null;
    const data = slices === null ? checkpoint.read(name) : null;
    const read = slices ?? ((from: number, to: number) => data!.subarray(from, to));
    const fit: TensorFit = {
      tensor: name,
      ...placeOf(name),
      dtype,
      shape: [...shape],
      fit: data === null ? fitSlices(read, size, where) : fitStudentT(data, where),
    };
    const matrix: Matrix = { read, size, cols: rowLength(shape), ...where };
    if (by !== "tensor") {
      fit.units = fitUnits(read, size / matrix.cols, matrix.cols, by === "row" ? matrix.cols : block, where);
    }
    if (formats.length > 0) fit.predictions = predictions(matrix, fit.fit, formats);
    yield fit;
  }
}

/** Kernels are small; the last dimension of stacked matrices (experts) is not. */
const KERNEL_MAX = 32;

/**
 * Elements that one output of a layer weighs: the last dimension of matrices, also of stacked ones; input channels times
 * kernel for convolutions ([out, in, height, width] or, with a short last dimension, [out, in, width]).
 */
export function rowLength(shape: readonly number[]): number {
  const isKernel = shape.length >= 4 || (shape.length === 3 && shape[2]! <= KERNEL_MAX);
  return isKernel ? shape.slice(1).reduce((product, length) => product * length, 1) : (shape.at(-1) ?? 1);
}

function fitSlices(read: Matrix["read"], size: number, where: { name: string }): TFit {
  const accumulator = createAccumulator(where);
  for (let from = 0; from < size; from += SLICE) accumulator.push(read(from, Math.min(from + SLICE, size)));
  return accumulator.fit();
}

/** A tensor as a row-major matrix, of which parts can be read. */
interface Matrix {
  read(from: number, to: number): Float32Array;
  size: number;
  cols: number;
  name: string;
}

/** Predictions from the shape that rows share; where rows are too short for one, from the whole tensor's. */
function predictions(matrix: Matrix, whole: TFit, formats: readonly Format[]): PredictedFormat[] {
  const { read, size, cols } = matrix;
  const within = whole.verdict === "constant" ? null : fitSomeRows(read, size / cols, cols, matrix);
  const rows = within === null || within.fit.scale === null ? whole : within;
  return formats.map((format) => {
    const blockSize = format.group === "tensor" ? size : format.group === "row" ? cols : format.group;
    if (typeof format.group === "number" && blockSize > cols) {
      const reason = `group ${blockSize} is larger than the row of ${cols}`;
      return { format: format.id, relativeMse: null, method: null, reason };
    }
    // One scale for all rows meets the mixture of their scales: the whole tensor's law.
    const source = format.group === "tensor" ? whole : rows;
    return { format: format.id, ...predictedError(source, format, { blockSize }) };
  });
}

/** Block index and kind of a tensor by its name: `model.layers.3.mlp.up_proj.weight` is 3 and `up_proj`. */
function placeOf(name: string): { layer: number | null; kind: string } {
  const parts = name.split(".").filter((part) => part !== "weight");
  const index = parts.find((part) => /^\d{1,6}$/.test(part));
  const named = parts.filter((part) => !/^\d+$/.test(part));
  const linear = LINEAR_KINDS.find((kind) => named.includes(kind));
  return { layer: index === undefined ? null : Number(index), kind: linear ?? named.at(-1) ?? name };
}

/** A fit as a report draws it; null for a tensor without any likelihood (constant, discrete, tiny). */
export function tensorProfile({ tensor, layer, kind, shape, fit }: TensorFit): TensorProfile | null {
  if (fit.gain === null) return null;
  const { nu, nuStderr, verdict, gain } = fit;
  return { name: tensor, layer, kind, shape, nu, nuSigma: nuStderr, verdict, gain };
}
