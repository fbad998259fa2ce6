import { UserError } from "../formats/error.ts";
import { deviceVersions, type FoundDevice } from "./engine/devices.ts";
import { type FetchProgress, fetchModel, tensorShapes } from "./model/index.ts";
import { loadModel } from "./model/loadedModel.ts";
import { logitChange } from "./rotation/logitChange.ts";
import { rotateResidual } from "./rotation/rotateResidual.ts";
import { requireEmptyOutput, writeModelDirectory } from "./storage/modelDirectory.ts";

export interface RotateOptions {
  /** Directory, GGUF file, Hub id (downloaded if need be), or "reference". */
  model: string;
  /** New or empty folder. */
  out: string;
  seed?: number;
  /** Where the logits are compared; the CPU when absent. */
  device?: FoundDevice;
  versions: Record<string, string>;
  onFetch?: (progress: FetchProgress) => void;
}

/** What was done; also written as bitfrontier.json beside the weights. */
export interface RotateRecord {
  model: string;
  modelSha256: string;
  rotation: { seed: number; residualBlock: number; headBlock: number };
  /** Root mean square change of the logits over their root mean square, on `tokens` random tokens. */
  logitChange: number;
  tokens: number;
  versions: Record<string, string>;
}

/** A rotation in float64 stored as float32 changes logits by some 1e-6; what changes them by more is no rotation. */
const LOGIT_CHANGE_MAX = 1e-4;

/**
 * Writes a model with a rotated residual stream and rotated heads as a Hugging Face directory in float32, with a head of
 * its own. The written model has the logits of the source: on random tokens they are compared first, and nothing is
 * written where they differ. Throws UserError naming the model and what stands in the way.
 */
export async function rotateModel(options: RotateOptions): Promise<RotateRecord> {
  const { model, out, seed = 0, device, versions, onFetch } = options;
  requireEmptyOutput(out);
  await fetchModel(model, onFetch && { onProgress: onFetch });
  const { name, dir, config, weights, sha256 } = loadModel(model);
  const rotated = rotateResidual(config, weights, { name, seed });
  const { change, tokens } = await logitChange({ config, weights }, rotated, device && { device: device.device });
  if (!(change <= LOGIT_CHANGE_MAX))
    throw new UserError(`${name}: the rotated model's logits differ by ${change} of their size; not written`);
  const record: RotateRecord = {
    model: name,
    modelSha256: sha256,
    rotation: { seed, residualBlock: rotated.blocks.residual, headBlock: rotated.blocks.head },
    logitChange: change,
    tokens,
    versions: { ...versions, ...deviceVersions(device) },
  };
  const entries = Array.from(tensorShapes(rotated.config), ([tensor, shape]) => ({
    name: tensor,
    shape,
    data: rotated.weights.get(tensor)!,
  }));
  await writeModelDirectory(out, dir, entries, () => record, { tie_word_embeddings: false });
  return record;
}
