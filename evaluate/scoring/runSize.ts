import type { FoundDevice } from "../engine/devices.ts";
import { holdsState } from "../engine/residence.ts";
import { peakBytes, size } from "../graph/index.ts";
import type { ModelConfig } from "../model/architectures/architecture.ts";
import { scorerGraph } from "./tokenScorer.ts";

/** Tokens of one run on the CPU, also where it plays a GPU: enough to fill the matrix products, small enough to stay in cache. */
export const TOKENS_CPU = 2048;
/** On a GPU: past this, larger products are no faster. */
const TOKENS_DEVICE = 16384;
/** Assumed where the adapter's memory cannot be asked for: what small GPUs have. Too much is halved at run time. */
const MEMORY_UNKNOWN = 2 * 2 ** 30;
/** One array of a run, the logits being the largest: what WebGPU grants everywhere is less, most GPUs grant this. */
const BUFFER_BYTES = 2 ** 30;
/** Allocators round up to buckets, and weights pass through a staging buffer on their way. */
const USABLE = 0.6;

const bytesOf = (shapes: ReadonlyMap<string, readonly number[]>) =>
  [...shapes.values()].reduce((bytes, shape) => bytes + 4 * size(shape), 0);

/** Whether a model at full precision stays on a device beside that of a trial, and runs still have half of its memory. */
export function keepsModel(shapes: ReadonlyMap<string, readonly number[]>, device?: FoundDevice): boolean {
  return device !== undefined && holdsState(device) && 4 * bytesOf(shapes) <= (device.memoryBytes ?? MEMORY_UNKNOWN);
}

/**
 * Tokens of one run: on the CPU a fixed number, elsewhere what fits the device's memory beside the weights, judged by the
 * values that a run over one window of `context` tokens keeps alive. At least one window.
 */
export function tokensPerRun(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  context: number,
  device?: FoundDevice,
): number {
  if (!device || device.device === "cpu" || device.software) return Math.max(context, TOKENS_CPU);
  const weights = bytesOf(shapes) * (keepsModel(shapes, device) ? 2 : 1);
  const window = peakBytes(scorerGraph(config, shapes, { batch: 1, time: context - 1 }));
  const room = USABLE * (device.memoryBytes ?? MEMORY_UNKNOWN) - weights;
  const logits = 4 * config.vocabSize * context;
  return context * Math.max(1, Math.floor(Math.min(room / window, TOKENS_DEVICE / context, BUFFER_BYTES / logits)));
}
