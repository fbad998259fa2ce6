import type { Format } from "../../formats/index.ts";
import type { Kernel } from "../../formats/kernel.ts";
import type { Moments } from "../calibration/index.ts";
import type { Rotation, RoundedValues } from "../hadamard/index.ts";
import type { CalibrationNeed, Matrix } from "./method.ts";
import type { Products } from "./products.ts";

/** The nearest representable number, on the grid of one fitted group. */
export interface Rounder {
  (value: number): number;
  /** Set where rounding is that of `roundRun`, one codebook times one scale, for loops that do without a call a number. */
  readonly scaled?: { readonly kernel: Kernel; readonly scale: number };
}

/** Where a group lies: its number in memory order, and the row and column of its first weight. */
export interface Place {
  readonly index: number;
  readonly row: number;
  readonly column: number;
}

/** How the groups of one matrix get their grids. */
export interface Grid {
  /** Set where the grid is the format's own, fitted by its own rule: `fakeQuantize` then is the fast way to round. */
  readonly plain: boolean;
  /** Bits stored for the matrix beside the format's. */
  readonly extraBits?: number;
  /** Set where the matrix got another codebook than the format's: its id. */
  readonly element?: string;
  /** Fits a group to `values`, the weights at that place or what has become of them. */
  fit(values: Float32Array, place: Place): Rounder;
}

/** One matrix on its way through a method, before its grid is chosen. */
export interface Ungridded {
  readonly matrix: Matrix;
  /** [rows, cols]; scaled by the scaling part and rotated by the rotation part, where there are such. */
  readonly weights: Float32Array;
  readonly format: Format;
  /** Of the layer's inputs, scaled alike; null where nothing is calibrated. */
  readonly moments: Moments | null;
  /** Of each of these weights the mean squared gradient, where the range part asked for it. */
  readonly fisher?: Float32Array | undefined;
  readonly products: Products;
}

export interface Layer extends Ungridded {
  readonly grid: Grid;
}

export interface Rounded {
  readonly weights: Float32Array;
  /** Bits stored for this matrix beside the format's. */
  readonly extraBits?: number;
  readonly warnings?: readonly string[];
}

/** Options of a part as its id gives them: `gptq:damp=0.05:actorder`. */
export type PartOptions = Readonly<Record<string, number | true>>;

interface PartOf<Slot extends string, Act> {
  readonly slot: Slot;
  readonly id: string;
  readonly summary: string;
  readonly calibration: CalibrationNeed;
  /** Options with what they mean; a number where the option takes one (its default), else `true`. */
  readonly options: Readonly<Record<string, { readonly default: number | null; readonly help: string }>>;
  readonly act: (options: PartOptions) => Act;
}

/**
 * Chooses a factor for each input channel of the layers that share an input: the weights are multiplied by it, the
 * inputs divided. In a checkpoint the division is folded into the norm or the layer before.
 */
export type ScalingPart = PartOf<"scaling", (layers: readonly Layer[]) => Promise<Float64Array> | Float64Array> & {
  /** Bits in which the factor of a channel is stored; those of a half-precision number when absent. */
  readonly scaleBits?: number;
};
/**
 * Chooses an orthogonal map of the input channels of the layers that share an input, or null for none: weights and inputs
 * are both rotated, the inputs as the model runs. It sees the weights scaled and, where it asks for them and the model
 * rounds them, some inputs, divided by the scales.
 */
export type RotationPart = PartOf<
  "rotation",
  (layers: readonly Layer[], inputs: RoundedValues | null) => Rotation | null
> & {
  /** Whether it asks for inputs with these options. */
  readonly asks: (options: PartOptions) => boolean;
};
/** Chooses the grid of each group: its range, or its levels. */
export type RangePart = PartOf<"range", (layer: Ungridded) => Grid> & {
  /** Set where it replaces the format's levels, so that what the format's multiplier costs no longer holds. */
  readonly ownLevels?: true;
  /** Set where layers come with their `fisher`. */
  readonly needsFisher?: true;
};
/** The linear layers of a block on the calibration text, as `Block` of the calibration, by the layers' own weights. */
export interface BlockOfLayers {
  readonly layers: readonly Layer[];
  /** Gradients of the block's output error with those weights, in the order of the layers, on the windows whose turn it is. */
  gradients(step: number, windows: number, weights: readonly Float32Array[]): Promise<readonly Float32Array[]>;
  /** That error over the whole text. */
  error(weights: readonly Float32Array[]): Promise<number>;
}

/** Chooses levels for the weights of a block together. Its layers come without moments, those before rounded to nearest. */
export type BlockRoundingPart = PartOf<"rounding", (block: BlockOfLayers) => Promise<readonly Rounded[]>> & {
  readonly over: "blocks";
};
/** Chooses a level for each weight. */
export type RoundingPart = PartOf<"rounding", (layer: Layer) => Promise<Rounded> | Rounded> & {
  /** Set where it brings grids of its own, so that no range part goes with it. */
  readonly ownGrid?: true;
  readonly over?: undefined;
};

/** One idea of a method; parts of different slots compose. */
export type Part = ScalingPart | RotationPart | RangePart | RoundingPart | BlockRoundingPart;
