import { UserError } from "../../formats/error.ts";
import { type GgufCursor, ggufCursor, type Refuse } from "./ggufCursor.ts";
import { GGML_TYPES } from "./ggufTypes.ts";
import { refuseLookAlikes } from "./lookAlikes.ts";
import type { OpenFile } from "./readAt.ts";
import type { TensorInfo } from "./safetensorsHeader.ts";

export type GgufScalar = number | bigint | string | boolean;
/** A 64-bit integer is a number where that is exact. Lists hold values of one type. */
export type GgufValue = GgufScalar | readonly GgufScalar[];

export interface GgufHeader {
  readonly version: number;
  readonly metadata: Map<string, GgufValue>;
  /** In the order of the data. Shapes are row-major as elsewhere here: the file's dimensions reversed. */
  readonly tensors: Map<string, TensorInfo>;
}

/** "GGUF" as a little-endian number. */
const MAGIC = 0x46554747;
const VERSIONS: readonly number[] = [2, 3];
/** As for safetensors: the largest models have some 1,000 tensors; a name, a type and an offset take 33 bytes at least. */
const MAX_TENSORS = 100_000;
/** Real files have 20 to 60. */
const MAX_KEYS = 10_000;
/** Over all lists of a header; each element costs memory: 4 times the largest vocabulary with tokens, types and merges. */
const MAX_LIST_ELEMENTS = 2 ** 22;
/** The format's own limits (docs/gguf.md): a key has at most 2^16 - 1 bytes, a tensor's name 64; some tools allow 127. */
const MAX_KEY_BYTES = 65_535;
const MAX_NAME_BYTES = 127;
/** GGML_MAX_DIMS of ggml.h. */
const MAX_DIMENSIONS = 4;
const DEFAULT_ALIGNMENT = 32;

/**
 * Reads and validates the header of a GGUF file (ggml, docs/gguf.md; the checks of ggml/src/gguf.cpp and more): counts and
 * lengths before anything is allocated, no key or tensor twice, tensors one after the other at aligned offsets, all
 * data within the file. Bytes after the last tensor are allowed, as in llama.cpp.
 * @throws UserError naming the file, the key or the tensor, and the rule broken
 */
export function readGgufHeader(file: OpenFile): GgufHeader {
  refuseLookAlikes(file);
  const refuse: Refuse = (reason) => {
    throw new UserError(`${file.path} is not a valid GGUF file: ${reason}`);
  };
  const cursor = ggufCursor(file, refuse);
  if (file.size < 4 || cursor.u32() !== MAGIC) refuse('it does not begin with "GGUF"');
  const version = cursor.u32();
  if (!VERSIONS.includes(version)) refuse(versionFault(version));
  const tensorCount = countOf(cursor.u64(), MAX_TENSORS, "tensors", refuse);
  const keyCount = countOf(cursor.u64(), MAX_KEYS, "metadata keys", refuse);
  const metadata = readMetadata(cursor, keyCount, refuse);
  const alignment = alignmentOf(metadata, refuse);
  const tensors = readTensors(cursor, tensorCount, refuse);
  const dataStart = Math.ceil(cursor.position() / alignment) * alignment;
  return { version, metadata, tensors: placeTensors(tensors, dataStart, alignment, file.size, refuse) };
}

function versionFault(version: number): string {
  const known = `supported: ${VERSIONS.join(", ")}`;
  const swapped = ((version & 0xff) << 24) | (version >>> 24);
  if (version > 0xffff && swapped < 100 && (version & 0xffff00) === 0)
    return "it is big-endian; only little-endian files can be read";
  return `version ${version} is not supported; ${known}`;
}

function countOf(count: bigint, max: number, what: string, refuse: Refuse): number {
  return count > BigInt(max) ? refuse(`${count} ${what} are announced; at most ${max} are accepted`) : Number(count);
}

type ScalarReader = (cursor: GgufCursor, what: string, refuse: Refuse) => GgufScalar;

const exact = (value: bigint): number | bigint =>
  BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;

/** Value types by number, with the least bytes that one takes (gguf.h, enum gguf_type). 9 is the list. */
const SCALARS: ReadonlyMap<number, readonly [bytes: number, read: ScalarReader]> = new Map<
  number,
  [number, ScalarReader]
>([
  [0, [1, (cursor) => cursor.u8()]],
  [1, [1, (cursor) => cursor.i8()]],
  [2, [2, (cursor) => cursor.u16()]],
  [3, [2, (cursor) => cursor.i16()]],
  [4, [4, (cursor) => cursor.u32()]],
  [5, [4, (cursor) => cursor.i32()]],
  [6, [4, (cursor) => cursor.f32()]],
  [7, [1, readBoolean]],
  [8, [8, (cursor, what) => cursor.text(what)]],
  [10, [8, (cursor) => exact(cursor.u64())]],
  [11, [8, (cursor) => exact(cursor.i64())]],
  [12, [8, (cursor) => cursor.f64()]],
]);
const LIST_TYPE = 9;

function readBoolean(cursor: GgufCursor, what: string, refuse: Refuse): boolean {
  const byte = cursor.u8();
  return byte > 1 ? refuse(`${what} is a boolean of value ${byte}`) : byte === 1;
}

function readMetadata(cursor: GgufCursor, count: number, refuse: Refuse): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  let elements = 0;
  for (let i = 0; i < count; i++) {
    const key = cursor.text(`metadata key ${i}`, MAX_KEY_BYTES);
    const what = `metadata ${quote(key)}`;
    if (metadata.has(key)) refuse(`${what} appears twice`);
    const type = cursor.u32();
    if (type !== LIST_TYPE) {
      metadata.set(key, readerOf(type, what, refuse)[1](cursor, what, refuse));
      continue;
    }
    const [bytes, read] = readerOf(cursor.u32(), what, refuse);
    const length = cursor.u64();
    if (length * BigInt(bytes) > BigInt(cursor.left())) {
      refuse(`${what} announces ${length} elements, more than the file holds: the file is truncated or damaged`);
    }
    elements += Number(length);
    if (elements > MAX_LIST_ELEMENTS) refuse(`its lists have more than ${MAX_LIST_ELEMENTS} elements`);
    const list: GgufScalar[] = [];
    for (let k = 0; k < length; k++) list.push(read(cursor, what, refuse));
    metadata.set(key, list);
  }
  return metadata;
}

function readerOf(type: number, what: string, refuse: Refuse): readonly [bytes: number, read: ScalarReader] {
  return SCALARS.get(type) ?? refuse(`${what} has the unknown value type ${type}`);
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>, refuse: Refuse): number {
  const alignment = metadata.get("general.alignment") ?? DEFAULT_ALIGNMENT;
  const good =
    typeof alignment === "number" && alignment > 0 && alignment < 2 ** 31 && (alignment & (alignment - 1)) === 0;
  return good ? alignment : refuse(`general.alignment must be a power of two, found ${String(alignment).slice(0, 60)}`);
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly offset: bigint;
}

function readTensors(cursor: GgufCursor, count: number, refuse: Refuse): Entry[] {
  const seen = new Set<string>();
  return Array.from({ length: count }, (_, i): Entry => {
    const name = cursor.text(`the name of tensor ${i}`, MAX_NAME_BYTES);
    const what = `tensor ${quote(name)}`;
    if (seen.has(name)) refuse(`${what} appears twice`);
    seen.add(name);
    const dimensions = cursor.u32();
    if (dimensions > MAX_DIMENSIONS)
      refuse(`${what} has ${dimensions} dimensions; at most ${MAX_DIMENSIONS} are possible`);
    const sizes = Array.from({ length: dimensions }, () => cursor.u64());
    const typeId = cursor.u32();
    const type = GGML_TYPES.get(typeId) ?? refuse(`${what} has the unknown type ${typeId}`);
    const elements = sizes.reduce((product, size) => product * size, 1n);
    // An empty dimension must not hide one that a double cannot hold.
    const largest = sizes.reduce((product, size) => product * (size || 1n), 1n);
    if (largest * 8n > BigInt(Number.MAX_SAFE_INTEGER)) refuse(`${what} has the impossible size ${sizes.join(" × ")}`);
    if ((sizes[0] ?? 1n) % BigInt(type.elements) !== 0n) {
      refuse(`${what}: rows of ${sizes[0] ?? 1n} are no whole number of ${type.name} blocks of ${type.elements}`);
    }
    const bytes = (Number(elements) / type.elements) * type.bytes;
    return { name, dtype: type.name, shape: sizes.map(Number).reverse(), bytes, offset: cursor.u64() };
  });
}

/** gguf.cpp accepts one layout only: every tensor at the end of the one before, rounded up to the alignment. */
function placeTensors(
  entries: readonly Entry[],
  dataStart: number,
  alignment: number,
  fileSize: number,
  refuse: Refuse,
) {
  const tensors = new Map<string, TensorInfo>();
  let next = 0;
  for (const { name, dtype, shape, bytes, offset } of entries) {
    if (offset !== BigInt(next))
      refuse(`tensor ${quote(name)} lies at offset ${offset} where ${next} is the only valid one`);
    const begin = dataStart + next;
    const end = begin + bytes;
    if (end > fileSize) {
      refuse(`tensor ${quote(name)} ends at byte ${end}, the file at ${fileSize}: the file is truncated`);
    }
    tensors.set(name, { dtype, shape, begin, end });
    next = Math.ceil((next + bytes) / alignment) * alignment;
  }
  return tensors;
}

/** Names come from strangers: quoted, without control characters, not longer than a line. */
function quote(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
