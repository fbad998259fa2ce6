/**
 * @file A checkpoint whose architecture is not known: what can be rounded without running the model. Every matrix of
 * floats but embeddings and heads, which names alone tell; all other tensors are kept as they are stored.
 */
import { UserError } from "../../formats/error.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { assertFinite } from "./layers.ts";
import { partsOf } from "./tensorParts.ts";
import type { RawTensorEntry, StreamedTensorEntry } from "./writeSafetensors.ts";

/** A tensor as a matrix: rows are its first dimension, columns all others, so that groups run along a row as stored. */
export interface GenericMatrix {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
}

export interface GenericModel {
  readonly matrices: readonly GenericMatrix[];
  /** Tensors of two or more dimensions that stay as they are, and why. */
  readonly kept: readonly { readonly name: string; readonly reason: string }[];
}

/** The parts of a name by which the families call embeddings, position tables and heads. */
const EMBEDDING_OR_HEAD =
  /embed|^(wte|wpe|shared|relative_attention_bias|lm_head|head|classifier|score|output_projection)$/;

/**
 * Chooses the matrices of a checkpoint.
 * @param refusal why a matrix of this size cannot be rounded, or null when it can
 * @throws UserError when nothing is left to round
 */
export function genericModel(
  checkpoint: Checkpoint,
  refusal: (matrix: GenericMatrix) => string | null = () => null,
): GenericModel {
  const matrices: GenericMatrix[] = [];
  const kept: { name: string; reason: string }[] = [];
  for (const name of checkpoint.names()) {
    const { dtype, shape } = checkpoint.info(name);
    const size = shape.reduce((product, length) => product * length, 1);
    if (shape.length < 2 || size === 0) continue;
    const matrix = { name, rows: shape[0]!, cols: size / shape[0]! };
    const reason = !checkpoint.readable(name)
      ? `stored as ${dtype}, which is not rounded`
      : name.split(".").some((part) => EMBEDDING_OR_HEAD.test(part))
        ? "an embedding or a head by its name"
        : refusal(matrix);
    if (reason === null) matrices.push(matrix);
    else kept.push({ name, reason });
  }
  if (matrices.length > 0) return { matrices, kept };
  const first = kept[0] ? `; the first of ${kept.length} kept: ${kept[0].name}, ${kept[0].reason}` : "";
  throw new UserError(
    `${checkpoint.path}: no matrix to quantize among its ${checkpoint.names().length} tensors${first}`,
  );
}

/**
 * Every tensor of a checkpoint, none of them read before it is written: the matrices as `change` makes them, other floats as
 * float32, all else bit for bit. @throws UserError, while they are read, naming a matrix that holds NaN or infinity
 */
export function* streamGeneric(
  checkpoint: Checkpoint,
  matrices: readonly GenericMatrix[],
  change: (name: string, weights: Float32Array) => Promise<Float32Array>,
): Generator<StreamedTensorEntry | RawTensorEntry> {
  const changed = new Set(matrices.map(({ name }) => name));
  for (const name of checkpoint.names()) {
    const { dtype, shape } = checkpoint.info(name);
    const matrix = async function* () {
      const data = checkpoint.read(name);
      assertFinite(name, data, checkpoint.path);
      yield await change(name, data);
    };
    if (!checkpoint.readable(name)) yield { name, shape, dtype, bytes: checkpoint.readRaw(name) };
    else yield { name, shape, parts: changed.has(name) ? matrix : () => partsOf(checkpoint, name) };
  }
}
