import { fitStudentT, type TFit } from "../fitting/index.ts";
import { UserError } from "../formats/error.ts";
import { type Checkpoint, LINEAR_KINDS, openCheckpoint, type ResolvedModel } from "./model/index.ts";
import type { TensorProfile } from "./row.ts";

/** Over what a Student t is fitted: the whole tensor, each row (output channel), or each group of a row. */
export const FIT_UNITS = ["tensor", "row", "block"] as const;
export type FitUnit = (typeof FIT_UNITS)[number];

/** The fits of one tensor's rows or blocks, summed up. */
export interface UnitFits {
  unit: "row" | "block";
  /** Elements of one unit. */
  length: number;
  /** Units the tensor has, and how many of them, evenly spaced, were fitted. */
  units: number;
  fitted: number;
  /** How many units had each verdict. */
  verdicts: Record<string, number>;
  /** Quartiles of ν over the units; a Gaussian unit counts as infinite and is null where a quartile falls on it. */
  nuQuartiles: [number | null, number | null, number | null];
  /** Why a quartile is null. */
  reason?: string;
}

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
}

export interface ProfileOptions {
  by?: FitUnit;
  /** Elements of a block; a row's remainder is left out of the fits by block. */
  block?: number;
  /** Also tensors with fewer than two dimensions (norms, biases). */
  vectors?: boolean;
}

/** One fit takes about a millisecond and quartiles need no more: at most this many units of a tensor are fitted. */
const UNITS_MAX = 256;

/** Opens the tensors of whatever a MODEL argument led to. */
export function openModelTensors(model: ResolvedModel): Checkpoint {
  return openCheckpoint(model.kind === "file" ? model.file : model.dir);
}

/**
 * Fits a Student t to every matrix of a checkpoint, one tensor in memory at a time, in the checkpoint's order. No
 * architecture is needed. Throws UserError naming the tensor that holds NaN or infinity, or when there is nothing to fit.
 */
export function* profileTensors(checkpoint: Checkpoint, options: ProfileOptions = {}): Generator<TensorFit> {
  const { by = "tensor", block = 128, vectors = false } = options;
  let found = 0;
  for (const name of checkpoint.names()) {
    const { dtype, shape } = checkpoint.info(name);
    const size = shape.reduce((product, length) => product * length, 1);
    // Integer tensors are masks, counters or packed codes, not weights.
    if (!checkpoint.readable(name) || size === 0 || (shape.length < 2 && !vectors)) continue;
    found++;
    const data = checkpoint.read(name);
    const fit: TensorFit = {
      tensor: name,
      ...placeOf(name),
      dtype,
      shape: [...shape],
      fit: fitStudentT(data, { name: `${checkpoint.path}: ${name}` }),
    };
    if (by !== "tensor") fit.units = fitUnits(data, shape.at(-1) ?? 1, by, block, name);
    yield fit;
  }
  if (found === 0) {
    const what = vectors ? "floating-point tensor" : "floating-point matrix";
    throw new UserError(`${checkpoint.path}: no ${what} among its ${checkpoint.names().length} tensors`);
  }
}

function fitUnits(data: Float32Array, cols: number, unit: "row" | "block", block: number, name: string): UnitFits {
  const length = unit === "row" ? cols : Math.min(block, cols);
  const perRow = Math.floor(cols / length);
  const units = (data.length / cols) * perRow;
  const fitted = Math.min(units, UNITS_MAX);
  const verdicts: Record<string, number> = {};
  const nus: number[] = [];
  for (let i = 0; i < fitted; i++) {
    const index = Math.floor((i * units) / fitted);
    const start = Math.floor(index / perRow) * cols + (index % perRow) * length;
    const fit = fitStudentT(data.subarray(start, start + length), { name: `${name}, ${unit} ${index}` });
    verdicts[fit.verdict] = (verdicts[fit.verdict] ?? 0) + 1;
    if (fit.nu !== null) nus.push(fit.nu);
    else if (fit.verdict === "gaussian") nus.push(Number.POSITIVE_INFINITY);
  }
  nus.sort((a, b) => a - b);
  const nuQuartiles = [0.25, 0.5, 0.75].map((q) => {
    const value = nus[Math.round(q * (nus.length - 1))];
    return value !== undefined && Number.isFinite(value) ? value : null;
  }) as UnitFits["nuQuartiles"];
  const reason =
    nus.length === 0
      ? `no ${unit} of ${length} elements allows an estimate of ν`
      : nuQuartiles.includes(null)
        ? `${verdicts.gaussian} of ${fitted} ${unit}s of ${length} elements cannot be told from a Gaussian`
        : null;
  return {
    unit,
    length,
    units,
    fitted,
    verdicts,
    nuQuartiles,
    ...(reason === null ? {} : { reason }),
  };
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
