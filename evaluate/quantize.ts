import { type Format, parseFormat, UserError } from "../formats/index.ts";
import "../fitting/everyId.ts";
import type { FoundDevice } from "./engine/devices.ts";
import {
  type Matrix,
  type Method,
  type MethodResult,
  meanBitsPerWeight,
  methodById,
  oneByOne,
} from "./methods/index.ts";
import { PACKED_METHOD } from "./model/architectures/configFields.ts";
import { requireFindable } from "./model/gridCodes.ts";
import {
  type Checkpoint,
  type FetchProgress,
  fetchModel,
  type GenericModel,
  genericModel,
  HEAD,
  isSupportedModel,
  loadTokenizer,
  loadWeights,
  type ModelConfig,
  openCheckpoint,
  type RawTensorEntry,
  readModelConfig,
  type StreamedTensorEntry,
  streamGeneric,
  streamTensors,
  type TensorEntry,
} from "./model/index.ts";
import { createPacker, PACKED_KEY, type Packer } from "./model/packedFile.ts";
import { requireEmptyOutput, writeModelDirectory } from "./storage/modelDirectory.ts";
import { type Head, type Scope, scopes } from "./sweep/scope.ts";
import {
  CALIBRATION_WINDOWS,
  type CalibrationText,
  calibrationWarnings,
  calibratorOf,
  readCalibration,
} from "./trial/calibrationText.ts";
import { type MemoryEstimate, quantizeMemory } from "./trial/memory.ts";
import { headIn, scopedModel, scopedWeights } from "./trial/scopedModel.ts";

export interface QuantizeOptions {
  /** Directory, GGUF file, Hub id (downloaded if need be), or "reference". */
  model: string;
  format: string;
  method: string;
  /** Text on which the method calibrates; null is the embedded model's own, and none for other models. */
  calibration?: string | null;
  calibrationWindows?: number;
  /** Write codes and scales in place of the dequantized weights; for methods that leave them on the format's grid. */
  packed?: boolean;
  /** What becomes of the head: see `SweepConfig`; fp when absent. */
  head?: Head;
  /** New or empty folder. */
  out: string;
  versions: Record<string, string>;
  /** Where the calibration runs: see `chooseDevice`. The CPU when absent. */
  device?: FoundDevice;
  /** Told of the download of a Hub id that is not in the cache. */
  onFetch?: (progress: FetchProgress) => void;
  /** Told of the memory that the run will need, before any weight is read. */
  onMemory?: (estimate: MemoryEstimate) => void;
}

/** What was done; also written as bitfrontier.json beside the weights. */
export interface QuantizeRecord extends MethodResult {
  model: string;
  modelSha256: string;
  format: string;
  method: string;
  /** As in rows; or, where the architecture is not known, every matrix but `kept`. */
  scope: Scope | "matrices";
  /** Matrices of an unknown architecture that stay as they are, and why. */
  kept?: GenericModel["kept"];
  /** Bits per quantized weight, scales included. */
  bitsPerWeight: number;
  /** What it was calibrated on; null where nothing was. */
  calibration: { source: string; textSha256: string; windows: number; context: number } | null;
  versions: Record<string, string>;
}

/**
 * Quantizes the linear layers of a model, with or without its head (of a model of unknown architecture: its matrices, by a
 * method that needs no calibration) and writes a Hugging Face directory of the dequantized weights in float32, which any
 * tool can load. Throws UserError naming what is wrong; `out` then does not exist.
 */
export async function quantizeModel({
  model,
  format: id,
  method,
  calibration = null,
  calibrationWindows = CALIBRATION_WINDOWS,
  packed = false,
  head: asked = "fp",
  out,
  versions,
  device,
  onFetch,
  onMemory,
}: QuantizeOptions): Promise<QuantizeRecord> {
  requireEmptyOutput(out);
  const format = parseFormat(id);
  const chosen = methodById(method);
  if (packed && !chosen.onGrid)
    throw new UserError(
      `packed weights are those of a method that leaves them on the format's grid, not of ${chosen.id}, which scales or rotates inputs or has levels of its own`,
    );
  if (packed && chosen.id !== "rtn") requireFindable(format);
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
    if (!config && asked !== "fp")
      throw new UserError(`${model}: head "${asked}" needs a known architecture, which says which matrix it is`);
    const generic = config ? null : genericModel(checkpoint, (matrix) => refusalOf(matrix, format));
    const head = config ? headIn(config, asked) : "fp";
    const scoped = config && scopedModel(config, head);
    const matrices: readonly Matrix[] = scoped?.linears ?? generic!.matrices;
    const bits = meanBitsPerWeight(matrices, format);
    const text =
      config === null || chosen.calibration === "none"
        ? null
        : await readCalibration(
            { name: resolved.name, config, tokenizer: loadTokenizer(resolved.dir) },
            calibration,
            calibrationWindows,
          );
    onMemory?.(
      scoped && text
        ? quantizeMemory(
            { linears: matrices },
            {
              ...scoped,
              count: text.count,
              context: text.context,
              drift: chosen.calibration === "drift",
              originals: chosen.holdsOriginals,
            },
          )
        : quantizeMemory({ linears: matrices }),
    );
    const packer = packed ? createPacker(format) : null;
    if (packer && !config) throw new UserError(`${model}: packed weights need a known architecture`);
    const work = { checkpoint, config, method: chosen, format, matrices, head, packer };
    const job =
      config && chosen.calibration !== "none" ? await wholeModel({ ...work, config }, text, device) : byMatrix(work);
    const recordOf = (): QuantizeRecord => {
      const result = job.result();
      return {
        model: resolved.name,
        modelSha256: checkpoint.sha256(),
        format: format.id,
        method: chosen.id,
        scope: config ? scopes[head] : "matrices",
        ...(generic && { kept: generic.kept }),
        bitsPerWeight: bits + result.extraBitsPerWeight,
        calibration: text && {
          source: text.source,
          textSha256: text.textSha256,
          windows: text.count,
          context: text.context,
        },
        versions: device ? { ...versions, device: `${device.device} (${device.name})` } : versions,
        ...result,
      };
    };
    let record: QuantizeRecord | undefined;
    const inTheEnd = () => {
      record = recordOf();
      return record;
    };
    await writeModelDirectory(
      out,
      resolved.dir,
      job.tensors,
      inTheEnd,
      {
        ...(head === "untie" && { tie_word_embeddings: false }),
        // Readers that do not know the parts should say so, not start from random weights.
        ...(packer && {
          quantization_config: new Map([
            ["quant_method", PACKED_METHOD],
            ["format", format.id],
          ]),
        }),
      },
      packer ? () => ({ [PACKED_KEY]: packer.metadata() }) : undefined,
    );
    return record!;
  } finally {
    checkpoint.close();
  }
}

/** What is written, and what was done to it once that is through. */
interface Job {
  tensors: Iterable<TensorEntry | RawTensorEntry | StreamedTensorEntry>;
  result(): MethodResult;
}

interface Work {
  checkpoint: Checkpoint;
  /** Null where the architecture is not known. */
  config: ModelConfig | null;
  method: Method;
  format: Format;
  /** Those in scope. */
  matrices: readonly Matrix[];
  head: Head;
  packer: Packer | null;
}

/** A method that calibrates runs the model: all of its weights are in memory, the new ones in the place of the old. */
async function wholeModel(
  { checkpoint, config, method, format, head, packer }: Work & { config: ModelConfig },
  text: CalibrationText | null,
  device: FoundDevice | undefined,
): Promise<Job> {
  const model = scopedModel(config, head);
  const weights = new Map(scopedWeights({ config, weights: loadWeights(checkpoint, config) }, head));
  if (head === "untie") weights.set(HEAD, weights.get(HEAD)!.slice());
  const { linears } = model;
  const notes: string[] = [];
  const session = { ...(device && { device: device.device }), warn: (note: string) => notes.push(note) };
  const calibrator = text ? calibratorOf(model, text, session) : undefined;
  const result = await method
    .quantize({ format, matrices: linears, weights, into: weights, calibrator })
    .finally(() => calibrator?.release());
  if (text) result.warnings.unshift(...calibrationWarnings(model, text, null), ...notes);
  const change = async (name: string) => weights.get(name)!;
  return {
    tensors: streamTensors(checkpoint, config, { matrices: linears, untie: head === "untie", change, packer }),
    result: () => result,
  };
}

/** Others read, round and write one matrix after another: the largest of them has to fit in memory, not the model. */
function byMatrix({ checkpoint, config, method, format, matrices, head, packer }: Work): Job {
  const { quantize: change, result } = oneByOne(method, format, matrices);
  const tensors = config
    ? streamTensors(checkpoint, config, { matrices, untie: head === "untie", change, packer })
    : streamGeneric(checkpoint, matrices, change);
  return { tensors, result };
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
