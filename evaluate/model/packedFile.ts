import { type Format, parseFormat, UserError } from "../../formats/index.ts";
import { codesOnGrid } from "./gridCodes.ts";
import {
  type PackedParts,
  type PackedShape,
  packedSizes,
  packMatrix,
  packQuantized,
  unpackMatrix,
} from "./packedMatrix.ts";
import type { SafetensorsFile } from "./safetensors.ts";
import type { TensorFile } from "./tensorFile.ts";
import { transposed } from "./transposed.ts";
import type { StreamedTensorEntry } from "./writeSafetensors.ts";

/** The key of a safetensors file's metadata that says which of its matrices are packed, and in what. */
export const PACKED_KEY = "bitfrontier.packed";

/** A packed matrix of a file: [outputs, inputs], and whether the file's layout is the transpose. */
interface PackedEntry extends PackedShape {
  readonly transposed: boolean;
}

export type Packer = ReturnType<typeof createPacker>;

/** Writes matrices of one format packed, as parts `NAME.codes`, `NAME.scales`, … of bytes. */
export function createPacker(format: Format) {
  const packed: PackedEntry[] = [];
  const sizes = new Map<string, Map<string, number>>();
  const sizesOf = (shape: PackedShape) => {
    const key = `${shape.rows} ${shape.cols}`;
    const known = sizes.get(key) ?? packedSizes(shape, format);
    sizes.set(key, known);
    return known;
  };
  const gives = (parts: PackedParts, rounded: Float32Array, shape: PackedShape) => {
    const back = new Uint32Array(unpackMatrix(parts, shape, format).buffer);
    const wanted = new Uint32Array(rounded.buffer, rounded.byteOffset, rounded.length);
    // Zeros of either sign are one weight.
    return wanted.every((bits, i) => bits === back[i] || (bits | back[i]!) << 1 === 0);
  };
  const packOnGrid = (weights: Float32Array, rounded: Float32Array, shape: PackedShape) => {
    const found = codesOnGrid(weights, rounded, shape, format);
    const parts = found && packQuantized(found, shape, format);
    if (parts && gives(parts, rounded, shape)) return parts;
    throw new UserError(
      `${shape.name}: ${format.id} cannot be packed without loss: its weights lie on no grid of the format`,
    );
  };
  // The parts of a matrix are written one after another: what was packed for the first serves the others.
  let last: { name: string; parts: PackedParts } | null = null;
  return {
    /**
     * The entries of one matrix. `round` reads the weights and gives them with what rounding makes of them, which is what
     * the parts have to give back. @throws UserError, while they are written, where the format's parts do not
     */
    *entries(
      shape: PackedEntry,
      round: () => Promise<{ weights: Float32Array; rounded: Float32Array }>,
    ): Generator<StreamedTensorEntry> {
      packed.push(shape);
      const { name } = shape;
      const pack = async () => {
        if (last?.name === name) return last.parts;
        const { weights, rounded } = await round();
        const nearest = packMatrix(weights, shape, format);
        const parts = gives(nearest, rounded, shape) ? nearest : packOnGrid(weights, rounded, shape);
        last = { name, parts };
        return parts;
      };
      for (const [part, bytes] of sizesOf(shape)) {
        const parts = async function* () {
          yield (await pack()).get(part)!;
        };
        yield { name: `${name}.${part}`, shape: [bytes], dtype: "U8", parts };
      }
    },
    /** For the file's metadata, once all entries are asked for. */
    metadata: () => JSON.stringify({ format: format.id, matrices: packed }),
  };
}

/** A file whose packed matrices are read as the float32 tensors that they stand for; the file itself where it has none. */
export function unpackedFile(file: SafetensorsFile): TensorFile {
  const text = file.metadata.get(PACKED_KEY);
  if (text === undefined) return file;
  const { format, matrices } = readMetadata(text, file.path);
  const tensors = new Map(file.tensors);
  const parts = new Map<string, string[]>();
  for (const { name, rows, cols, transposed: turned } of matrices.values()) {
    const own = [...file.tensors.keys()].filter((each) => each.startsWith(`${name}.`));
    const codes = file.tensors.get(`${name}.codes`);
    if (!codes) throw new UserError(`${file.path}: the packed matrix ${name} has no codes`);
    for (const part of own) tensors.delete(part);
    tensors.set(name, { ...codes, dtype: "F32", shape: turned ? [cols, rows] : [rows, cols] });
    parts.set(name, own);
  }
  return {
    path: file.path,
    tensors,
    readFloat32(name) {
      const entry = matrices.get(name);
      if (!entry) return file.readFloat32(name);
      const own: PackedParts = new Map(
        parts.get(name)!.map((part) => [part.slice(name.length + 1), file.readRaw(part)] as const),
      );
      const values = unpackMatrix(own, { ...entry, name: `${file.path}: ${name}` }, format);
      return entry.transposed ? transposed(values, [entry.rows, entry.cols]) : new Float32Array(values);
    },
    readRaw: (name) => file.readRaw(name),
    chunks: () => file.chunks(),
    close: () => file.close(),
  };
}

function readMetadata(text: string, path: string): { format: Format; matrices: Map<string, PackedEntry> } {
  const fail = (what: string) => new UserError(`${path}: ${PACKED_KEY} in its metadata: ${what}`);
  let value: { format?: unknown; matrices?: unknown } | null;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail("not JSON");
  }
  if (typeof value !== "object" || value === null || typeof value.format !== "string" || !Array.isArray(value.matrices))
    throw fail("expected a format and a list of matrices");
  const matrices = value.matrices.map((each: Partial<PackedEntry> | null): [string, PackedEntry] => {
    const { name, rows, cols, transposed = false } = each ?? {};
    if (typeof name !== "string" || !isSize(rows) || !isSize(cols) || typeof transposed !== "boolean")
      throw fail("each matrix needs a name, rows and cols");
    return [name, { name, rows, cols, transposed }];
  });
  return { format: parseFormat(value.format), matrices: new Map(matrices) };
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
