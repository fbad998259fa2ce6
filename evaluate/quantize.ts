import { type Format, parseFormat, UserError } from "../formats/index.ts";
import "../fitting/everyId.ts";
import { CALIBRATION_WINDOWS, calibrationWarnings, calibratorOf, readCalibration } from "./calibrationText.ts";
import type { FoundDevice } from "./engine/devices.ts";
import { type Matrix, type MethodResult, meanBitsPerWeight, methodById } from "./methods/index.ts";
import {
  type Checkpoint,
  exportGeneric,
  exportTensors,
  type FetchProgress,
  fetchModel,
  type GenericModel,
  genericModel,
  isSupportedModel,
  linearLayers,
  loadMatrices,
  loadTokenizer,
  loadWeights,
  type ModelConfig,
  openCheckpoint,
  type RawTensorEntry,
  readModelConfig,
  type TensorEntry,
  tensorShapes,
} from "./model/index.ts";
import { requireEmptyOutput, writeModelDirectory } from "./modelDirectory.ts";

export interface QuantizeOptions {
  /** Directory, GGUF file, Hub id (downloaded if need be), or "reference". */
  model: string;
  format: string;
  method: string;
  /** Text on which the method calibrates; null is the embedded model's own, and none for other models. */
  calibration?: string | null;
  calibrationWindows?: number;
  /** New or empty folder. */
  out: string;
  versions: Record<string, string>;
  /** Where the calibration runs: see `chooseDevice`. The CPU when absent. */
  device?: FoundDevice;
  /** Told of the download of a Hub id that is not in the cache. */
  onFetch?: (progress: FetchProgress) => void;
}

/** What was done; also written as bitfrontier.json beside the weights. */
export interface QuantizeRecord extends MethodResult {
  model: string;
  modelSha256: string;
  format: string;
  method: string;
  /** Every linear layer of the blocks; or, where the architecture is not known, every matrix but `kept`. */
  scope: "linears" | "matrices";
  /** Matrices of an unknown architecture that stay as they are, and why. */
  kept?: GenericModel["kept"];
  /** Bits per quantized weight, scales included. */
  bitsPerWeight: number;
  /** What it was calibrated on; null where nothing was. */
  calibration: { source: string; textSha256: string; windows: number; context: number } | null;
  versions: Record<string, string>;
}

/**
 * Quantizes the linear layers of a model (of a model of unknown architecture: its matrices, by a method that needs no
 * calibration) and writes a Hugging Face directory of the dequantized weights in float32, which
 * any tool can load. Throws UserError naming what is wrong; `out` then does not exist.
 */
export async function quantizeModel({
  model,
  format: id,
  method,
  calibration = null,
  calibrationWindows = CALIBRATION_WINDOWS,
  out,
  versions,
  device,
  onFetch,
}: QuantizeOptions): Promise<QuantizeRecord> {
  requireEmptyOutput(out);
  const format = parseFormat(id);
  const chosen = methodById(method);
  if (chosen.calibration === "text")
    throw new UserError(`method "${method}" retrains; bitfrontier distill writes such a model, and can be resumed`);
  const resolved = await fetchModel(model, onFetch && { onProgress: onFetch });
  if (resolved.kind === "file")
    throw new UserError(`${model}: a single .safetensors file has no config.json; give the model's folder`);
  const known = isSupportedModel(resolved.dir);
  // Reading the configuration of an unknown architecture throws the error that names those supported.
  const config = known || chosen.calibration !== "none" ? readModelConfig(resolved.dir) : null;
  const checkpoint = openCheckpoint(resolved.dir);
  try {
    const job = config ? knownModel(checkpoint, config) : unknownModel(checkpoint, format);
    const { matrices, weights } = job;
    const into = new Map(matrices.map(({ name, rows, cols }) => [name, new Float32Array(rows * cols)]));
    const linears = config ? linearLayers(config) : [];
    const text =
      config === null || chosen.calibration === "none"
        ? null
        : await readCalibration(
            { name: resolved.name, config, tokenizer: loadTokenizer(resolved.dir) },
            calibration,
            calibrationWindows,
          );
    const calibrator =
      config && text
        ? calibratorOf({ config, shapes: tensorShapes(config), linears }, text, device && { device: device.device })
        : undefined;
    const result = await chosen
      .quantize({ format, matrices, weights, into, calibrator })
      .finally(() => calibrator?.release());
    if (text) result.warnings.unshift(...calibrationWarnings({ linears }, text, null));
    const record: QuantizeRecord = {
      model: resolved.name,
      modelSha256: checkpoint.sha256(),
      format: format.id,
      method: chosen.id,
      scope: config ? "linears" : "matrices",
      ...(job.kept && { kept: job.kept }),
      bitsPerWeight: meanBitsPerWeight(matrices, format) + result.extraBitsPerWeight,
      calibration: text && {
        source: text.source,
        textSha256: text.textSha256,
        windows: text.count,
        context: text.context,
      },
      versions: device ? { ...versions, device: `${device.device} (${device.name})` } : versions,
      ...result,
    };
    writeModelDirectory(out, resolved.dir, job.tensors(into), record);
    return record;
  } finally {
    checkpoint.close();
  }
}

/** What is quantized, and how the result goes back into a file. */
interface Job {
  matrices: readonly Matrix[];
  weights: ReadonlyMap<string, Float32Array>;
  kept?: GenericModel["kept"];
  tensors(quantized: ReadonlyMap<string, Float32Array>): Iterable<TensorEntry | RawTensorEntry>;
}

function knownModel(checkpoint: Checkpoint, config: ModelConfig): Job {
  const weights = loadWeights(checkpoint, config);
  return {
    matrices: linearLayers(config),
    weights,
    tensors: (quantized) => exportTensors(checkpoint, config, (name) => quantized.get(name) ?? weights.get(name)!),
  };
}

function unknownModel(checkpoint: Checkpoint, format: Format): Job {
  const { matrices, kept } = genericModel(checkpoint, (matrix) => refusalOf(matrix, format));
  const weights = loadMatrices(checkpoint, matrices);
  return { matrices, weights, kept, tensors: (quantized) => exportGeneric(checkpoint, quantized) };
}

/** Why the format does not fit the matrix, such as a group that is longer than its rows. */
function refusalOf(matrix: Matrix, format: Format): string | null {
  try {
    meanBitsPerWeight([matrix], format);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
