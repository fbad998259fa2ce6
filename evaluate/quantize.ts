import { parseFormat, UserError } from "../formats/index.ts";
import { CALIBRATION_WINDOWS, calibrationWarnings, calibratorOf, readCalibration } from "./calibrationText.ts";
import { type MethodResult, meanBitsPerWeight, methodById } from "./methods/index.ts";
import {
  exportTensors,
  linearLayers,
  loadTokenizer,
  loadWeights,
  openCheckpoint,
  readModelConfig,
  resolveModel,
  tensorShapes,
} from "./model/index.ts";
import { requireEmptyOutput, writeModelDirectory } from "./modelDirectory.ts";

export interface QuantizeOptions {
  /** Directory, Hub id in the cache, or "reference". */
  model: string;
  format: string;
  method: string;
  /** Text on which the method calibrates; null is the embedded model's own, and none for other models. */
  calibration?: string | null;
  calibrationWindows?: number;
  /** New or empty folder. */
  out: string;
  versions: Record<string, string>;
}

/** What was done; also written as bitfrontier.json beside the weights. */
export interface QuantizeRecord extends MethodResult {
  model: string;
  modelSha256: string;
  format: string;
  method: string;
  scope: "linears";
  /** Bits per quantized weight, scales included. */
  bitsPerWeight: number;
  /** What it was calibrated on; null where nothing was. */
  calibration: { source: string; textSha256: string; windows: number; context: number } | null;
  versions: Record<string, string>;
}

/**
 * Quantizes the linear layers of a model and writes a Hugging Face directory of the dequantized weights in float32, which
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
}: QuantizeOptions): Promise<QuantizeRecord> {
  requireEmptyOutput(out);
  const format = parseFormat(id);
  const chosen = methodById(method);
  const resolved = resolveModel(model);
  if (resolved.kind === "file")
    throw new UserError(`${model}: a single .safetensors file has no config.json; give the model's folder`);
  const config = readModelConfig(resolved.dir);
  const checkpoint = openCheckpoint(resolved.dir);
  try {
    const weights = loadWeights(checkpoint, config);
    const matrices = linearLayers(config);
    const into = new Map(matrices.map(({ name, rows, cols }) => [name, new Float32Array(rows * cols)]));
    const text =
      chosen.calibration === "none"
        ? null
        : readCalibration(
            { name: resolved.name, config, tokenizer: loadTokenizer(resolved.dir) },
            calibration,
            calibrationWindows,
          );
    const calibrator = text
      ? calibratorOf({ config, shapes: tensorShapes(config), linears: matrices }, text)
      : undefined;
    const result = await chosen.quantize({ format, matrices, weights, into, calibrator });
    await calibrator?.release();
    if (text) result.warnings.unshift(...calibrationWarnings({ linears: matrices }, text, null));
    const record: QuantizeRecord = {
      model: resolved.name,
      modelSha256: checkpoint.sha256(),
      format: format.id,
      method: chosen.id,
      scope: "linears",
      bitsPerWeight: meanBitsPerWeight(matrices, format) + result.extraBitsPerWeight,
      calibration: text && {
        source: text.source,
        textSha256: text.textSha256,
        windows: text.count,
        context: text.context,
      },
      versions,
      ...result,
    };
    const tensors = exportTensors(checkpoint, config, (name) => into.get(name) ?? weights.get(name)!);
    writeModelDirectory(out, resolved.dir, tensors, record);
    return record;
  } finally {
    checkpoint.close();
  }
}
