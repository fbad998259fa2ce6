import { closeSync } from "node:fs";
import { UserError } from "../../formats/error.ts";
import { type OpenFile, openRegularFile, READ_CHUNK_BYTES, readFully } from "./readAt.ts";
import type { TensorInfo } from "./safetensorsHeader.ts";

/** One open file of named tensors, whatever its format. */
export interface TensorFile {
  readonly path: string;
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** One tensor as float32, row-major, in a fresh buffer. NaN and infinities pass. */
  readFloat32(name: string): Float32Array<ArrayBuffer>;
  /** Its elements from … to (exclusive), where the format allows to read no more than those. */
  readSlice?(name: string, from: number, to: number): Float32Array<ArrayBuffer>;
  /** The stored bytes of one tensor, in a fresh buffer, where they mean the same in a safetensors file. */
  readRaw?(name: string): Uint8Array;
  /** The whole file in chunks that are valid until the next one: for hashing. */
  chunks(): Iterable<Uint8Array>;
  close(): void;
}

/** Memory for a tensor. @throws UserError naming file and tensor when it cannot be had */
export function allocateFor(file: OpenFile, name: string, byteLength: number): ArrayBuffer {
  try {
    return new ArrayBuffer(byteLength);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(
      `${file.path}: tensor ${JSON.stringify(name)} needs ${byteLength} bytes of memory, which cannot be had`,
    );
  }
}

/** The bytes of a file, one buffer refilled. */
function* chunksOf(file: OpenFile): Generator<Uint8Array> {
  const chunk = new Uint8Array(Math.min(READ_CHUNK_BYTES, file.size));
  for (let offset = 0; offset < file.size; offset += chunk.byteLength) {
    const part = chunk.subarray(0, Math.min(chunk.byteLength, file.size - offset));
    readFully(file, part, offset);
    yield part;
  }
}

/** What tells one file format from another. */
export type TensorReader = Omit<TensorFile, "path" | "chunks" | "close">;
/** Where a tensor lies. @throws UserError when the file has none of that name */
export type FindTensor = (name: string) => TensorInfo;

/**
 * Opens `path` and lets `read` validate its header and say how its tensors are read; closes it should that fail.
 * `read` gets the file, and calls `finder` once with the tensors it has found.
 */
export function openTensorFile<T extends TensorReader>(
  path: string,
  read: (file: OpenFile, finder: (tensors: ReadonlyMap<string, TensorInfo>) => FindTensor) => T,
): T & TensorFile {
  requireLittleEndian();
  const file = openRegularFile(path);
  let open = true;
  const close = (): void => {
    if (open) closeSync(file.descriptor);
    open = false;
  };
  const finder = (tensors: ReadonlyMap<string, TensorInfo>) => (name: string) => {
    if (!open) throw new Error(`${path} is closed`);
    const info = tensors.get(name);
    if (info === undefined) throw new UserError(`${path} has no tensor ${JSON.stringify(name)}`);
    return info;
  };
  try {
    return { ...read(file, finder), path, chunks: () => chunksOf(file), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Tensors are stored little-endian and read as typed arrays, which have the machine's byte order. */
function requireLittleEndian(): void {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) {
    throw new UserError("checkpoints can only be read on a little-endian machine");
  }
}
