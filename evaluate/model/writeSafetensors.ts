import { UserError } from "../../formats/error.ts";
import { streamFileAtomic, writeFileAtomic } from "../storage/files.ts";
import { float32BitsToBfloat16, float32BitsToFloat16 } from "./halfFloats.ts";

export type FloatDtype = "F32" | "F16" | "BF16";

/** One tensor to write: `data` is row-major and has product(shape) elements. */
export interface TensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** One tensor to copy: its bytes as safetensors stores `dtype`. */
export interface RawTensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly bytes: Uint8Array;
}

/**
 * One tensor that is made while the file is written: consecutive parts of it, row-major, product(shape) elements in all, of
 * float32 or, with `dtype` U8, of bytes.
 */
export interface StreamedTensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype?: "U8";
  parts(): Iterable<Float32Array | Uint8Array> | AsyncIterable<Float32Array | Uint8Array>;
}

type Entry = TensorEntry | RawTensorEntry;

export interface WriteOptions {
  /** How every tensor of `data` is stored; F16 and BF16 round to nearest, ties to even. */
  readonly dtype: FloatDtype;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Elements converted at once: bounds the extra memory to 8 MiB. */
const CHUNK_ELEMENTS = 4 * 1024 * 1024;

/**
 * Writes a safetensors file atomically, laid out as the reference does (safetensors/src/tensor.rs, prepare): wider
 * elements first, so that all are aligned, names in byte order among equals, and the header padded with spaces so that
 * the data start at a multiple of 8.
 * @throws UserError on a shape that does not match its data, a repeated or reserved name, a finite value that F16 or
 * BF16 would turn into infinity, or when the file cannot be written; nothing is left behind
 */
export function writeSafetensors(path: string, entries: Iterable<Entry>, options: WriteOptions): void {
  const { header, sorted } = layout(path, entries, options);
  writeFileAtomic(path, fileParts(path, header, sorted, options.dtype));
}

/** As `writeSafetensors` in float32, of tensors that need not be in memory together. The metadata may follow from the entries. */
export async function streamSafetensors(
  path: string,
  entries: Iterable<Entry | StreamedTensorEntry>,
  metadata: () => Readonly<Record<string, string>>,
): Promise<void> {
  const all = [...entries];
  const { header, sorted } = layout(path, all, { dtype: "F32", metadata: metadata() });
  await streamFileAtomic(path, streamedParts(path, header, sorted));
}

/** The header of a file, and its tensors in the order of their data. */
function layout<E extends Entry | StreamedTensorEntry>(
  path: string,
  entries: Iterable<E>,
  options: WriteOptions,
): { header: Uint8Array; sorted: E[] } {
  const itemBytes = options.dtype === "F32" ? 4 : 2;
  const bytesOf = (entry: E) => ("bytes" in entry ? entry.bytes.length : size(entry.shape) * itemOf(entry));
  const itemOf = (entry: E) => ("dtype" in entry && entry.dtype === "U8" ? 1 : itemBytes);
  const width = (entry: E) => ("bytes" in entry ? entry.bytes.length / Math.max(1, size(entry.shape)) : itemOf(entry));
  const sorted = [...entries].sort(
    (a, b) => width(b) - width(a) || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  );
  const header = new Map<string, unknown>();
  if (options.metadata !== undefined) header.set("__metadata__", options.metadata);
  let position = 0;
  for (const entry of sorted) {
    const { name, shape } = entry;
    const elements = "data" in entry ? entry.data.length : size(shape);
    if (elements !== size(shape) || !shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0)) {
      throw new UserError(`cannot write ${path}: tensor ${name} has ${elements} elements for shape [${shape}]`);
    }
    if (name === "__metadata__" || header.has(name)) {
      throw new UserError(`cannot write ${path}: tensor name ${name} is ${header.has(name) ? "repeated" : "reserved"}`);
    }
    const end = position + bytesOf(entry);
    const dtype = ("dtype" in entry && entry.dtype) || options.dtype;
    header.set(name, { dtype, shape, data_offsets: [position, end] });
    position = end;
  }
  return { header: encodeHeader(header), sorted };
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

function encodeHeader(header: Map<string, unknown>): Uint8Array {
  // JSON.stringify(Object) would move names such as "0" to the front and lose "__proto__".
  const members = Array.from(header, ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const bytes = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(json, 8);
  return bytes;
}

function* fileParts(
  path: string,
  header: Uint8Array,
  entries: readonly Entry[],
  dtype: FloatDtype,
): Generator<Uint8Array> {
  yield header;
  const patterns = new Uint16Array(dtype === "F32" ? 0 : CHUNK_ELEMENTS);
  for (const entry of entries) {
    if (!("data" in entry)) {
      yield entry.bytes;
      continue;
    }
    const { name, data } = entry;
    if (dtype === "F32") {
      yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      continue;
    }
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    for (let start = 0; start < bits.length; start += CHUNK_ELEMENTS) {
      const from = bits.subarray(start, start + CHUNK_ELEMENTS);
      const to = patterns.subarray(0, from.length);
      if (dtype === "BF16") float32BitsToBfloat16(from, to);
      else float32BitsToFloat16(from, to);
      const overflow = findOverflow(from, to, dtype === "BF16" ? 0x7f80 : 0x7c00);
      if (overflow >= 0) {
        throw new UserError(
          `cannot write ${path}: ${name}[${start + overflow}] = ${data[start + overflow]} is out of range of ${dtype}`,
        );
      }
      yield new Uint8Array(to.buffer, 0, to.byteLength);
    }
  }
}

async function* streamedParts(
  path: string,
  header: Uint8Array,
  entries: readonly (Entry | StreamedTensorEntry)[],
): AsyncGenerator<Uint8Array> {
  yield header;
  for (const entry of entries) {
    if ("bytes" in entry) {
      yield entry.bytes;
      continue;
    }
    let elements = 0;
    for await (const part of "data" in entry ? [entry.data] : entry.parts()) {
      elements += part.length;
      yield new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    }
    if (elements !== size(entry.shape))
      throw new Error(`${path}: tensor ${entry.name} [${entry.shape}] came as ${elements} elements`);
  }
}

/** Index of the first finite float32 that became infinite, or -1. */
function findOverflow(from: Uint32Array, to: Uint16Array, infinity: number): number {
  for (let i = 0; i < to.length; i++) {
    if ((to[i]! & 0x7fff) === infinity && (from[i]! & 0x7fffffff) !== 0x7f800000) return i;
  }
  return -1;
}
