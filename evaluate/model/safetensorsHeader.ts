import { UserError } from "../../formats/error.ts";
import { refuseLookAlikes } from "./lookAlikes.ts";
import { decodeUtf8, type OpenFile, readFully } from "./readAt.ts";
import { parseStrictJson, type StrictJson, type StrictJsonObject } from "./strictJson.ts";

/** The limit of the reference (safetensors/src/tensor.rs, MAX_HEADER_SIZE): a larger header is an attack or not a header. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;
const U64_LIMIT = 1n << 64n;

/** Bits of one element of every dtype the reference knows. A Map, so that a dtype named "constructor" is unknown. */
const DTYPE_BITS: ReadonlyMap<string, bigint> = new Map([
  ["F4", 4n],
  ["F6_E2M3", 6n],
  ["F6_E3M2", 6n],
  ["BOOL", 8n],
  ["U8", 8n],
  ["I8", 8n],
  ["F8_E5M2", 8n],
  ["F8_E4M3", 8n],
  ["F8_E8M0", 8n],
  ["F8_E4M3FNUZ", 8n],
  ["F8_E5M2FNUZ", 8n],
  ["I16", 16n],
  ["U16", 16n],
  ["F16", 16n],
  ["BF16", 16n],
  ["I32", 32n],
  ["U32", 32n],
  ["F32", 32n],
  ["C64", 64n],
  ["F64", 64n],
  ["I64", 64n],
  ["U64", 64n],
]);

/** Where one tensor lies: `begin` and `end` are byte positions in the file; the layout is row-major, little-endian. */
export interface TensorInfo {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of the data. */
  readonly tensors: Map<string, TensorInfo>;
  readonly metadata: Map<string, string>;
}

/**
 * Reads and validates a safetensors header: everything the reference checks (safetensors/src/tensor.rs) before any
 * tensor is allocated, and in addition duplicate keys, which the format forbids and the reference lets pass.
 * @throws UserError naming the file, the tensor and the rule broken; the name in brackets is the reference's error
 */
export function readSafetensorsHeader(file: OpenFile): SafetensorsHeader {
  refuseLookAlikes(file);
  const refuse = refuserFor(file.path);
  if (file.size < LENGTH_BYTES) refuse("HeaderTooSmall", `the file has ${file.size} bytes, fewer than 8`);
  const lengthBytes = new Uint8Array(LENGTH_BYTES);
  readFully(file, lengthBytes, 0);
  const headerLength = new DataView(lengthBytes.buffer).getBigUint64(0, true);
  if (headerLength > BigInt(MAX_HEADER_BYTES)) {
    refuse("HeaderTooLarge", `a header of ${headerLength} bytes is announced; at most ${MAX_HEADER_BYTES} are allowed`);
  }
  const dataStart = LENGTH_BYTES + Number(headerLength);
  if (dataStart > file.size) {
    refuse(
      "InvalidHeaderLength",
      `the header ends at byte ${dataStart}, the file at ${file.size}: the file is truncated`,
    );
  }
  const headerBytes = new Uint8Array(Number(headerLength));
  readFully(file, headerBytes, LENGTH_BYTES);
  const header = parseHeader(headerBytes, refuse);
  const metadata = readMetadata(header, refuse);
  header.delete("__metadata__");
  const entries = Array.from(header, ([name, entry]) => readEntry(name, entry, refuse));
  const dataLength = checkLayout(entries, refuse);
  const expected = BigInt(dataStart) + dataLength;
  if (expected !== BigInt(file.size)) {
    const fault = expected > BigInt(file.size) ? "the file is truncated" : "trailing bytes";
    refuse("MetadataIncompleteBuffer", `the tensors end at byte ${expected}, the file at ${file.size}: ${fault}`);
  }
  const tensors = new Map(entries.map((entry) => [entry.name, infoOf(entry, dataStart, refuse)]));
  return { tensors, metadata };
}

type Refuse = (kind: string, reason: string) => never;

function refuserFor(path: string): Refuse {
  return (kind, reason) => {
    throw new UserError(`${path} is not a valid safetensors file: ${reason} [${kind}]`);
  };
}

function parseHeader(bytes: Uint8Array, refuse: Refuse): StrictJsonObject {
  let text: string;
  try {
    text = decodeUtf8(bytes);
  } catch {
    return refuse("InvalidHeader", "the header is not UTF-8");
  }
  let value: StrictJson;
  try {
    value = parseStrictJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuse("InvalidHeaderDeserialization", `the header is not strict JSON: ${error.message}`);
  }
  return value instanceof Map ? value : refuse("InvalidHeaderDeserialization", "the header is not a JSON object");
}

function readMetadata(header: StrictJsonObject, refuse: Refuse): Map<string, string> {
  const value = header.get("__metadata__") ?? new Map();
  const metadata = new Map<string, string>();
  if (!(value instanceof Map)) return refuse("InvalidHeaderDeserialization", "__metadata__ is not an object");
  for (const [key, text] of value) {
    if (typeof text !== "string")
      return refuse("InvalidHeaderDeserialization", "__metadata__ holds something other than text");
    metadata.set(key, text);
  }
  return metadata;
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly bits: bigint;
  readonly shape: readonly bigint[];
  readonly begin: bigint;
  readonly end: bigint;
}

function readEntry(name: string, value: StrictJson, refuse: Refuse): Entry {
  const bad = (reason: string): never => refuse("InvalidHeaderDeserialization", `${nameOf(name)}: ${reason}`);
  if (!(value instanceof Map)) return bad("the entry is not an object");
  const dtype = value.get("dtype");
  const bits = typeof dtype === "string" ? DTYPE_BITS.get(dtype) : undefined;
  if (typeof dtype !== "string" || bits === undefined) {
    return bad(`unknown dtype ${typeof dtype === "string" ? nameOf(dtype, "") : "(not text)"}`);
  }
  const shape = readUnsigned(value.get("shape"));
  if (shape === null) return bad("shape is not a list of non-negative integers");
  const offsets = readUnsigned(value.get("data_offsets"));
  if (offsets === null || offsets.length !== 2) return bad("data_offsets is not a pair of non-negative integers");
  const [begin, end] = offsets as [bigint, bigint];
  return { name, dtype, bits, shape, begin, end };
}

/** A list of integer literals within u64, or null. */
function readUnsigned(value: StrictJson | undefined): bigint[] | null {
  if (!Array.isArray(value)) return null;
  const good = value.filter((item) => typeof item === "bigint" && item >= 0n && item < U64_LIMIT);
  return good.length === value.length ? (good as bigint[]) : null;
}

/** Sorts entries by position, checks that they tile the data without hole or overlap; returns the length of the data in bytes. */
function checkLayout(entries: Entry[], refuse: Refuse): bigint {
  entries.sort((a, b) => compare(a.begin, b.begin) || compare(a.end, b.end));
  let position = 0n;
  for (const entry of entries) {
    const { begin, end } = entry;
    if (begin !== position || end < begin) {
      refuse(
        "InvalidOffset",
        `${nameOf(entry.name)} lies at [${begin}, ${end}) where ${position} is the only valid start`,
      );
    }
    const bytes = byteLengthOf(entry, refuse);
    if (end - begin !== bytes) {
      const reason = `${nameOf(entry.name)}: ${entry.dtype} [${entry.shape}] needs ${bytes} bytes, its offsets hold ${end - begin}`;
      refuse("TensorInvalidInfo", reason);
    }
    position = end;
  }
  return position;
}

function byteLengthOf(entry: Entry, refuse: Refuse): bigint {
  let bits = 1n;
  for (const factor of [...entry.shape, entry.bits]) {
    bits *= factor;
    if (bits >= U64_LIMIT)
      refuse("ValidationOverflow", `${nameOf(entry.name)}: the size of [${entry.shape}] overflows 64 bits`);
  }
  if (bits % 8n !== 0n)
    refuse("MisalignedSlice", `${nameOf(entry.name)}: [${entry.shape}] of ${entry.dtype} is no whole number of bytes`);
  return bits / 8n;
}

function infoOf(entry: Entry, dataStart: number, refuse: Refuse): TensorInfo {
  const shape = entry.shape.map(Number);
  if (!shape.every(Number.isSafeInteger)) {
    refuse("ValidationOverflow", `${nameOf(entry.name)}: a dimension of [${entry.shape}] exceeds 2^53 - 1`);
  }
  return { dtype: entry.dtype, shape, begin: dataStart + Number(entry.begin), end: dataStart + Number(entry.end) };
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Names come from strangers: quoted, without control characters, not longer than a line. */
function nameOf(name: string, prefix = "tensor "): string {
  const short = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  return `${prefix}${JSON.stringify(short)}`;
}
