import { UserError } from "../../formats/error.ts";
import { architectureOf, HEAD, type ModelConfig, type TensorSpec } from "./architectures/index.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Packer } from "./packedFile.ts";
import { partsOf } from "./tensorParts.ts";
import { transposed } from "./transposed.ts";
import type { StreamedTensorEntry, TensorEntry } from "./writeSafetensors.ts";

export { architectureOf, HEAD, LINEAR_KINDS } from "./architectures/index.ts";

/** A linear layer: y = W x with W [rows = outputs, cols = inputs]; quantization groups run along the columns. */
export interface LinearLayer {
  /** Name of the weight tensor. */
  readonly name: string;
  /** Index of the block, from 0; of the head, their number. */
  readonly layer: number;
  /** What it is called within its block: `q_proj`, `c_fc`, … */
  readonly kind: string;
  readonly rows: number;
  readonly cols: number;
}

/** Every linear layer of the blocks in the order of computation: the default scope of quantization. */
export function linearLayers(config: ModelConfig): LinearLayer[] {
  return specsOf(config).flatMap(({ name, shape, linear }) => {
    if (!linear) return [];
    const [rows, cols] = shape as [number, number];
    return [{ name, layer: linear.layer, kind: linear.kind, rows, cols }];
  });
}

/** The matrix of the logits as a linear layer: the head, or the table of embeddings where these are tied. */
export function headLayer(config: ModelConfig): LinearLayer {
  const name = config.tieWordEmbeddings ? architectureOf(config).embedding : HEAD;
  const { shape } = specsOf(config).find((spec) => spec.name === name)!;
  return { name, layer: config.numLayers, kind: "lm_head", rows: shape[0]!, cols: shape[1]! };
}

/** Name and shape of every tensor of the model as it is kept in memory, in the order of computation. */
export function tensorShapes(config: ModelConfig): Map<string, readonly number[]> {
  return new Map(specsOf(config).map(({ name, shape }) => [name, shape]));
}

/**
 * Reads every tensor of a model as float32, linear layers as [outputs, inputs] whatever the file's layout. All names
 * and shapes are checked before anything is read.
 * @throws UserError naming the file and the tensor that is missing, unknown, of another shape, or not finite
 */
export function loadWeights(checkpoint: Checkpoint, config: ModelConfig): Map<string, Float32Array<ArrayBuffer>> {
  const weights = new Map<string, Float32Array<ArrayBuffer>>();
  for (const { spec, storedName, storedShape } of storedTensors(checkpoint, config)) {
    const data = checkpoint.read(storedName);
    assertFinite(storedName, data, checkpoint.path);
    weights.set(spec.name, spec.transposed ? transposed(data, storedShape) : data);
  }
  return weights;
}

/** Reads the linear layers of the blocks once more, as `loadWeights` does, into the arrays of `weights`. */
export function readLayers(
  checkpoint: Checkpoint,
  config: ModelConfig,
  weights: ReadonlyMap<string, Float32Array>,
): void {
  for (const { spec, storedName, storedShape } of storedTensors(checkpoint, config)) {
    if (!spec.linear) continue;
    const data = checkpoint.read(storedName);
    weights.get(spec.name)!.set(spec.transposed ? transposed(data, storedShape) : data);
  }
}

/** The tensors of a model in memory as a file of the names and layouts of `source` holds them, one at a time. */
export function* exportTensors(
  source: Checkpoint,
  config: ModelConfig,
  data: (name: string) => Float32Array,
): Generator<TensorEntry> {
  for (const { spec, storedName, storedShape } of storedTensors(source, config)) {
    const values = data(spec.name);
    yield { name: storedName, shape: storedShape, data: spec.transposed ? transposed(values, spec.shape) : values };
  }
}

/** What of a model's tensors is to be changed on their way into a file. */
export interface Changes {
  /** The matrices that `change` makes new. */
  readonly matrices: readonly { readonly name: string }[];
  /** Whether tied embeddings get a head of their own. */
  readonly untie: boolean;
  /** Given and giving [outputs, inputs], whatever the file's layout. */
  change(name: string, weights: Float32Array): Promise<Float32Array>;
  /** Packs what is changed. */
  readonly packer?: Packer | null;
}

/**
 * The tensors of `source` as a file of the same names and layouts holds them, none of them read before it is written: some
 * changed, all others as they are.
 * @throws UserError, also while they are read, as `loadWeights` does
 */
export function* streamTensors(
  source: Checkpoint,
  config: ModelConfig,
  { matrices, untie, change, packer }: Changes,
): Generator<StreamedTensorEntry> {
  const changes = new Set(matrices.map(({ name }) => name));
  for (const { spec, storedName, storedShape } of storedTensors(source, config, untie)) {
    // Readers know a head beside tensors of the whole model's names only.
    const name = untie ? spec.name : storedName;
    const changed = async () => {
      const stored = source.read(storedName);
      assertFinite(storedName, stored, source.path);
      const weights = spec.transposed ? transposed(stored, storedShape) : stored;
      return { weights, rounded: await change(spec.name, weights) };
    };
    const isChanged = changes.has(spec.name);
    if (isChanged && packer) {
      const [rows, cols] = spec.shape as [number, number];
      yield* packer.entries({ name, rows, cols, transposed: spec.transposed === true }, changed);
      continue;
    }
    const linear = async function* () {
      const { rounded } = await changed();
      yield spec.transposed ? transposed(rounded, spec.shape) : rounded;
    };
    const parts = isChanged ? linear : () => finiteParts(source, storedName);
    yield { name, shape: storedShape, parts };
  }
}

interface StoredTensor {
  readonly spec: TensorSpec;
  readonly storedName: string;
  readonly storedShape: readonly number[];
}

/** With `untie`, tied embeddings are read a second time, as a head of their own. */
function storedTensors(checkpoint: Checkpoint, config: ModelConfig, untie = false): StoredTensor[] {
  const { prefix, dispensable, embedding } = architectureOf(config);
  const used = new Set<string>();
  const stored = specsOf(config).map((spec): StoredTensor => {
    const { name, shape, alias } = spec;
    const names = [name, ...(alias ? [alias] : []), ...(name.startsWith(prefix) ? [name.slice(prefix.length)] : [])];
    const storedShape = spec.transposed ? [...shape].reverse() : shape;
    const storedName = names.find((each) => checkpoint.has(each));
    if (storedName === undefined) {
      throw new UserError(`${checkpoint.path}: tensor ${name} [${storedShape}] is missing`);
    }
    const found = checkpoint.info(storedName).shape;
    if (found.length !== storedShape.length || !found.every((size, i) => size === storedShape[i])) {
      throw new UserError(
        `${checkpoint.path}: tensor ${storedName} has shape [${found}], but config.json implies [${storedShape}]`,
      );
    }
    used.add(storedName);
    return { spec, storedName, storedShape };
  });
  for (const name of checkpoint.names()) {
    // A head saved beside tied embeddings is a copy, which transformers discards too.
    const copy = config.tieWordEmbeddings && TIED_HEADS.includes(name);
    if (used.has(name) || copy || dispensable.test(name)) continue;
    throw new UserError(
      `${checkpoint.path}: tensor ${JSON.stringify(name)} is no part of the model config.json describes`,
    );
  }
  if (untie) {
    const { storedName, storedShape } = stored.find(({ spec }) => spec.name === embedding)!;
    stored.push({ spec: { name: HEAD, shape: storedShape }, storedName, storedShape });
  }
  return stored;
}

const TIED_HEADS: readonly string[] = [HEAD, "embed_out.weight"];

function specsOf(config: ModelConfig): TensorSpec[] {
  return architectureOf(config).tensors(config);
}

function* finiteParts(checkpoint: Checkpoint, name: string): Generator<Float32Array> {
  for (const part of partsOf(checkpoint, name)) {
    // The error names the place in the whole tensor.
    if (!allFinite(part)) assertFinite(name, checkpoint.read(name), checkpoint.path);
    yield part;
  }
}

function allFinite(data: Float32Array): boolean {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  return bits.every((pattern) => (pattern & 0x7fffffff) < 0x7f800000);
}

/**
 * Refuses NaN and infinities, which safetensors allows and no fit or rounding can use.
 * @throws UserError naming the tensor, how many there are, and where the first is
 */
export function assertFinite(name: string, data: Float32Array, path?: string): void {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  let [nans, infinities, first] = [0, 0, -1];
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i]! & 0x7fffffff;
    if (magnitude < 0x7f800000) continue;
    if (first < 0) first = i;
    if (magnitude === 0x7f800000) infinities++;
    else nans++;
  }
  if (first < 0) return;
  const where = path === undefined ? "" : `${path}: `;
  const counts = `${nans} NaN and ${infinities} infinite values among ${data.length}`;
  throw new UserError(`${where}tensor ${name} is not finite: ${counts}, the first at index ${first}`);
}
