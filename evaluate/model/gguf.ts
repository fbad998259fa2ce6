import { closeSync } from "node:fs";
import { UserError } from "../../formats/error.ts";
import { type GgufValue, readGgufHeader } from "./ggufHeader.ts";
import { ggmlType, READABLE_GGML_TYPES } from "./ggufTypes.ts";
import { type OpenFile, openRegularFile, readFully } from "./readAt.ts";
import type { TensorInfo } from "./safetensorsHeader.ts";
import { allocateFor, chunksOf, requireLittleEndian, type TensorFile } from "./tensorFile.ts";

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
  requireLittleEndian();
  const file = openRegularFile(path);
  let open = true;
  const close = (): void => {
    if (open) closeSync(file.descriptor);
    open = false;
  };
  try {
    const { metadata, tensors } = readGgufHeader(file);
    return {
      path,
      metadata,
      tensors,
      readFloat32(name) {
        if (!open) throw new Error(`${path} is closed`);
        const info = tensors.get(name);
        if (info === undefined) throw new UserError(`${path} has no tensor ${JSON.stringify(name)}`);
        return readTensor(file, name, info);
      },
      chunks: () => chunksOf(file),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
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
