import { UserError } from "../../formats/error.ts";
import { type GgufValue, readGgufHeader } from "./ggufHeader.ts";
import { ggmlType, READABLE_GGML_TYPES } from "./ggufTypes.ts";
import { type OpenFile, readFully } from "./readAt.ts";
import type { TensorInfo } from "./safetensorsHeader.ts";
import { allocateFor, openTensorFile, type TensorFile } from "./tensorFile.ts";

/** An open GGUF file: its validated header, and single tensors dequantized. Names are the file's own. */
export interface GgufFile extends TensorFile {
  readonly metadata: ReadonlyMap<string, GgufValue>;
}

/** Bytes read and dequantized at a time: they stay in the cache between the two. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * Opens a local GGUF file (versions 2 and 3, little-endian) and validates its header against the file's size.
 * @throws UserError naming the file and what is wrong with it
 */
export function openGguf(path: string): GgufFile {
  return openTensorFile(path, (file, finder) => {
    const { metadata, tensors } = readGgufHeader(file);
    const find = finder(tensors);
    return { metadata, tensors, readFloat32: (name: string) => readTensor(file, name, find(name)) };
  });
}

function readTensor(file: OpenFile, name: string, { dtype, begin, end }: TensorInfo): Float32Array<ArrayBuffer> {
  const { elements, bytes, dequantize } = ggmlType(dtype);
  if (dequantize === undefined) {
    throw new UserError(
      `${file.path}: tensor ${JSON.stringify(name)} is ${dtype}; ${READABLE_GGML_TYPES.join(", ")} can be read`,
    );
  }
  const blocks = (end - begin) / bytes;
  const values = new Float32Array(allocateFor(file, name, blocks * elements * 4));
  const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / bytes));
  const chunk = new Uint8Array(Math.min(perChunk, blocks) * bytes);
  for (let block = 0; block < blocks; block += perChunk) {
    const count = Math.min(perChunk, blocks - block);
    const part = chunk.subarray(0, count * bytes);
    readFully(file, part, begin + block * bytes);
    dequantize(part, values.subarray(block * elements, (block + count) * elements));
  }
  return values;
}
