import { UserError } from "../../formats/error.ts";
import { hadamardRotation, type Rotation } from "../hadamard/index.ts";
import { architectureOf, HEAD, type ModelConfig, type ResidualStream } from "../model/architectures/index.ts";

export interface Rotated {
  /** The model's config with a head of its own: the gain of the last norm moved into it. */
  config: ModelConfig;
  /** Every tensor of that config, by name. */
  weights: Map<string, Float32Array>;
  /** Sizes of the Hadamard blocks of the residual stream and of a head's values. */
  blocks: { residual: number; head: number };
}

/**
 * The same function with a rotated residual stream h R and rotated values of every head (Ashkboos et al. 2024, QuaRot,
 * §4, stages 1a and 1b; R1 and R2 of SpinQuant): gains of norms move into the layers that read them, readers become W R,
 * writers Rᵀ W, and nothing is left to compute as the model runs. Holds for RMS norms, of which x R has the norm of x;
 * nothing is centred. In float64, stored as float32. Throws UserError for architectures without such a stream.
 */
export function rotateResidual(
  config: ModelConfig,
  weights: ReadonlyMap<string, Float32Array>,
  { name, seed }: { name: string; seed: number },
): Rotated {
  const { embedding, residual: streamOf } = architectureOf(config);
  const stream = streamOf?.(config);
  if (!stream)
    throw new UserError(
      `${name}: ${config.architecture} has no residual stream that can be rotated: that takes RMS norms before every layer and none after; method hadamard rotates the inputs of any architecture's layers`,
    );
  const residual = hadamardRotation(config.hiddenSize, seed)!;
  const head = hadamardRotation(config.headDim, seed)!;
  const wide = new Map([...weights].map(([tensor, data]) => [tensor, Float64Array.from(data)]));
  const get = (tensor: string) => wide.get(tensor)!;
  wide.set(HEAD, wide.get(HEAD) ?? get(embedding).slice());
  const readers = [...stream.readers, { norm: stream.lastNorm, weights: [HEAD] }];
  for (const { norm, weights: names } of readers) moveGain(get(norm), stream, names.map(get));
  for (const { weights: names } of readers) for (const each of names) residual.apply(get(each));
  residual.apply(get(embedding));
  for (const writer of stream.writers) {
    rotateOutputs(get(writer), residual, config.hiddenSize, get(writer).length / config.hiddenSize);
    const bias = wide.get(biasOf(writer));
    if (bias) residual.apply(bias);
  }
  for (const { value, output } of stream.values) {
    rotateOutputs(get(value), head, config.headDim, config.hiddenSize);
    const bias = wide.get(biasOf(value));
    if (bias) head.apply(bias);
    head.apply(get(output));
  }
  return {
    config: { ...config, tieWordEmbeddings: false },
    weights: new Map([...wide].map(([tensor, data]) => [tensor, Float32Array.from(data)])),
    blocks: { residual: residual.block, head: head.block },
  };
}

function biasOf(weight: string): string {
  return weight.replace(/\.weight$/, ".bias");
}

/** Multiplies the columns of all layers by a norm's gain and leaves it a gain of 1. */
function moveGain(norm: Float64Array, { gainOffset }: ResidualStream, layers: readonly Float64Array[]): void {
  for (const layer of layers) {
    for (let i = 0; i < layer.length; i++) layer[i]! *= norm[i % norm.length]! + gainOffset;
  }
  norm.fill(1 - gainOffset);
}

/** Rᵀ W for each run of `width` rows of W [rows, cols]. */
function rotateOutputs(weight: Float64Array, rotation: Rotation, width: number, cols: number): void {
  const column = new Float64Array(width);
  for (let from = 0; from < weight.length; from += width * cols) {
    for (let j = from; j < from + cols; j++) {
      for (let i = 0; i < width; i++) column[i] = weight[j + i * cols]!;
      rotation.apply(column);
      for (let i = 0; i < width; i++) weight[j + i * cols] = column[i]!;
    }
  }
}
