/**
 * @file The few protobuf messages of ONNX that a graph needs, written by hand: the schema has been stable for years
 * and the npm packages that carry it are dead. Field numbers: onnx/onnx.proto (ModelProto, GraphProto, NodeProto,
 * AttributeProto, TensorProto, ValueInfoProto).
 */

/** A growing list of encoded fields of one message. */
export type Message = Uint8Array[];

const text = new TextEncoder();

export function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

/** Field of wire type 0. */
export function int(field: number, value: number | bigint): Uint8Array {
  return concat([varint(field << 3), varint(value)]);
}

/** Field of wire type 2: bytes, text or a nested message. */
export function bytes(field: number, value: Uint8Array | string | Message): Uint8Array {
  const body = typeof value === "string" ? text.encode(value) : Array.isArray(value) ? concat(value) : value;
  return concat([varint((field << 3) | 2), varint(body.length), body]);
}

/** Field of wire type 5: a 32-bit float. */
export function float(field: number, value: number): Uint8Array {
  const body = new Uint8Array(4);
  new DataView(body.buffer).setFloat32(0, value, true);
  return concat([varint((field << 3) | 5), body]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
