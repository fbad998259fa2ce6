import type { Format } from "../../formats/index.ts";
import type { Calibrator } from "../calibration/index.ts";
import type { DeviceTensor, SessionOptions } from "../engine/session.ts";
import type { ModelConfig } from "../model/architectures/index.ts";
import type { RunningFormats } from "../model/architectures/runningFormats.ts";
import type { TokenWindows, TrainingLog } from "../training/index.ts";
import type { DeviceRounder } from "./deviceRounder.ts";
import type { InputRounding } from "./inputRounding.ts";
import type { LayerLog } from "./log.ts";

/** A weight matrix to quantize, row-major [rows, cols]; groups run along the columns. */
export interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
}

export interface MethodInput {
  readonly format: Format;
  readonly matrices: readonly Matrix[];
  /** The full-precision weights by name; never written to, but where `into` is the same. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /**
   * Where the dequantized weights of each matrix go; arrays of the same lengths, or `weights` itself. Where layers round their inputs, also
   * `inputScales` and `inputRotation` of each: what a method divides and rotates these by before.
   */
  readonly into: ReadonlyMap<string, Float32Array>;
  /** What the layers' inputs are rounded to as the model runs; full precision when absent. */
  readonly inputs?: InputRounding | undefined;
  /** The model on its calibration text; methods whose `calibration` is "none" do without. */
  readonly calibrator?: Calibrator | undefined;
  /** Rounds on the device, where one holds the model. */
  readonly rounder?: DeviceRounder | null | undefined;
  /** Told how far it is: "layer 3 of 35". */
  readonly tell?: ((step: string) => void) | undefined;
  /** What a method whose `calibration` is "text" trains on: the whole calibration text. */
  readonly training?: TrainingInput | undefined;
}

export interface TrainingInput {
  readonly config: ModelConfig;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly data: TokenWindows;
  /** What activations and cache are rounded to, in training as where the result is scored. */
  readonly running: RunningFormats;
  readonly engine: SessionOptions;
}

export type { LayerLog } from "./log.ts";

/** What a method did to each matrix. */
export interface MethodResult {
  layers: LayerLog[];
  /** Sum of squared errors over sum of squares, over all matrices. */
  weightMse: number;
  /** Bits per weight that the method stores beside the format's: channel scales, offsets, codebooks. */
  extraBitsPerWeight: number;
  warnings: string[];
  /** Tensors outside the scope of quantization that the method changed, by name. */
  replaced?: ReadonlyMap<string, Float32Array>;
  /** Matrices in the memory of the device, in place of `into`: the caller frees them. */
  placed?: ReadonlyMap<string, DeviceTensor>;
  /** How it was trained: budget, loss terms, held-out loss. */
  training?: TrainingLog;
}

/** What a method asks of a calibration: nothing, the inputs of the quantized model, those of both models, or all of its text. */
export type CalibrationNeed = "none" | "inputs" | "drift" | "text";

/** One post-training method, or several composed. */
export interface Method {
  /** Its specification: `gptq`, `awq+clip+gptq:damp=0.05`. Equal ids mean equal results. */
  readonly id: string;
  readonly summary: string;
  readonly calibration: CalibrationNeed;
  /** Whether weights end on levels of its own instead of the format's: the format's multiplier then is not theirs. */
  readonly ownLevels: boolean;
  /** Whether it holds the full-precision matrices beside the quantized ones until it ends. */
  readonly holdsOriginals: boolean;
  /** Whether its weights are levels of the format times scales of it, so that they can be packed. */
  readonly onGrid: boolean;
  /** Whether it may rotate the inputs of layers. */
  readonly rotates: boolean;
  /** Whether keys and values are turned before they are rounded, where they are. */
  readonly turnsCache?: boolean;
  /** Whether it looks at the layers' inputs where these are rounded, whatever `calibration` says. */
  readonly readsInputs: boolean;
  /** Whether it trains one range for all tokens of each layer's inputs, where these are rounded. */
  readonly learnsRanges: boolean;
  /** Whether it draws random numbers that its id does not fix. */
  readonly draws: boolean;
  /** The same method with its random numbers fixed by a seed. */
  seeded(seed: number): Method;
  /** Throws UserError naming the matrix that cannot be quantized. */
  quantize(input: MethodInput): Promise<MethodResult>;
}
