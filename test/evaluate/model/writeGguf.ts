import { writeFileSync } from "node:fs";

/** A metadata value with its type, as gguf.h names it. */
export type Meta =
  | ["u32" | "i32" | "f32", number]
  | ["u64", bigint]
  | ["bool", boolean]
  | ["str", string]
  | ["strs", readonly string[]]
  | ["i32s" | "f32s", readonly number[]]
  | ["raw", Uint8Array];

export interface GgufTensor {
  name: string;
  /** Row-major; written reversed. */
  shape: readonly (number | bigint)[];
  /** Number in ggml.h; F32 is 0. */
  type?: number;
  data: Uint8Array;
  /** Replaces the right offset. */
  offset?: bigint;
}

export interface GgufSpec {
  magic?: string;
  version?: number;
  tensorCount?: bigint;
  keyCount?: bigint;
  metadata?: readonly (readonly [string, Meta])[];
  tensors?: readonly GgufTensor[];
  alignment?: number;
}

const u8 = (...bytes: number[]) => Uint8Array.from(bytes);
export const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
export const u64 = (value: bigint) => new Uint8Array(BigUint64Array.of(value).buffer);
const f32 = (value: number) => new Uint8Array(Float32Array.of(value).buffer);
export const text = (value: string): Uint8Array => {
  const bytes = new TextEncoder().encode(value);
  return join([u64(BigInt(bytes.length)), bytes]);
};

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function encode([type, value]: Meta): Uint8Array {
  const list = (id: number, items: readonly Uint8Array[]) =>
    join([u32(9), u32(id), u64(BigInt(items.length)), ...items]);
  switch (type) {
    case "u32":
      return join([u32(4), u32(value)]);
    case "i32":
      return join([u32(5), u32(value)]);
    case "f32":
      return join([u32(6), f32(value)]);
    case "bool":
      return join([u32(7), u8(value ? 1 : 0)]);
    case "str":
      return join([u32(8), text(value)]);
    case "u64":
      return join([u32(10), u64(value)]);
    case "strs":
      return list(8, value.map(text));
    case "i32s":
      return list(5, value.map(u32));
    case "f32s":
      return list(6, value.map(f32));
    case "raw":
      return value;
  }
}

/** The bytes of a GGUF file; `spec` may break every rule. */
export function ggufBytes({ magic = "GGUF", version = 3, metadata = [], tensors = [], ...spec }: GgufSpec): Uint8Array {
  const alignment = spec.alignment ?? 32;
  const parts = [
    new TextEncoder().encode(magic),
    u32(version),
    u64(spec.tensorCount ?? BigInt(tensors.length)),
    u64(spec.keyCount ?? BigInt(metadata.length)),
    ...metadata.flatMap(([key, value]) => [text(key), encode(value)]),
  ];
  let next = 0n;
  for (const { name, shape, type = 0, data, offset } of tensors) {
    parts.push(text(name), u32(shape.length), ...[...shape].reverse().map((size) => u64(BigInt(size))));
    parts.push(u32(type), u64(offset ?? next));
    next += BigInt(padded(data.length, alignment));
  }
  const header = join(parts);
  const data = tensors.map((tensor) => padding(tensor.data, alignment));
  return join([padding(header, alignment), ...data]);
}

function padded(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment;
}

function padding(bytes: Uint8Array, alignment: number): Uint8Array {
  const result = new Uint8Array(padded(bytes.length, alignment));
  result.set(bytes);
  return result;
}

export function writeGguf(path: string, spec: GgufSpec): void {
  writeFileSync(path, ggufBytes(spec));
}

export function floats(values: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
