import { UserError } from "../../formats/error.ts";
import { bfloat16ToFloat32Bits, float16ToFloat32Bits } from "./halfFloats.ts";
import { type OpenFile, READ_CHUNK_BYTES, readFully } from "./readAt.ts";
import { readSafetensorsHeader, type TensorInfo } from "./safetensorsHeader.ts";
import { allocateFor, openTensorFile, type TensorFile } from "./tensorFile.ts";

/** An open safetensors file: its validated header, and positional reads of single tensors. */
export interface SafetensorsFile extends TensorFile {
  readonly metadata: Map<string, string>;
  /** The stored bytes of one tensor, in a fresh buffer. */
  readRaw(name: string): Uint8Array;
  /** As for every tensor file; dtypes F32, F16 and BF16, of which each is exact. */
  readFloat32(name: string): Float32Array<ArrayBuffer>;
  readSlice(name: string, from: number, to: number): Float32Array<ArrayBuffer>;
}

/**
 * Opens a local safetensors file and validates its header against the file's size.
 * @throws UserError naming the file and what is wrong with it (also for a Git LFS pointer or an HTML page)
 */
export function openSafetensors(path: string): SafetensorsFile {
  return openTensorFile(path, (file, finder) => {
    const { tensors, metadata } = readSafetensorsHeader(file);
    const find = finder(tensors);
    return {
      tensors,
      metadata,
      readRaw: (name: string) => readRaw(file, name, find(name)),
      readFloat32: (name: string) => readFloat32(file, name, find(name)),
      readSlice: (name: string, from: number, to: number) => readFloat32(file, name, find(name), [from, to]),
    };
  });
}

function readRaw(file: OpenFile, name: string, info: TensorInfo): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(allocateFor(file, name, info.end - info.begin));
  readFully(file, bytes, info.begin);
  return bytes;
}

function readFloat32(
  file: OpenFile,
  name: string,
  whole: TensorInfo,
  span?: [number, number],
): Float32Array<ArrayBuffer> {
  const info = span === undefined ? whole : partOf(file, name, whole, span);
  const byteLength = info.end - info.begin;
  if (info.dtype === "F32") return new Float32Array(readRaw(file, name, info).buffer);
  if (info.dtype !== "F16" && info.dtype !== "BF16") {
    throw new UserError(`${file.path}: tensor ${JSON.stringify(name)} is ${info.dtype}; F32, F16 and BF16 can be read`);
  }
  const convert = info.dtype === "F16" ? float16ToFloat32Bits : bfloat16ToFloat32Bits;
  const bits = new Uint32Array(allocateFor(file, name, byteLength * 2));
  const chunk = new Uint8Array(Math.min(READ_CHUNK_BYTES, byteLength));
  for (let offset = 0; offset < byteLength; offset += chunk.byteLength) {
    const part = chunk.subarray(0, Math.min(chunk.byteLength, byteLength - offset));
    readFully(file, part, info.begin + offset);
    const patterns = new Uint16Array(part.buffer, 0, part.byteLength / 2);
    convert(patterns, bits.subarray(offset / 2, offset / 2 + patterns.length));
  }
  return new Float32Array(bits.buffer);
}

/** The bytes of elements from … to. */
function partOf(file: OpenFile, name: string, info: TensorInfo, [from, to]: [number, number]): TensorInfo {
  const bytes = info.dtype === "F32" ? 4 : 2;
  const length = (info.end - info.begin) / bytes;
  if (!(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= length)) {
    throw new RangeError(`${file.path}: elements ${from} to ${to} of the ${length} of ${JSON.stringify(name)}`);
  }
  return { ...info, begin: info.begin + from * bytes, end: info.begin + to * bytes };
}
