import { decodeUtf8, type OpenFile, readFully } from "./readAt.ts";

/**
 * The longest GGUF header accepted. A vocabulary of 262,144 tokens with scores, types and merges (Gemma 3) takes about
 * 15 MB; the same cap as for safetensors leaves room for six times that.
 */
export const MAX_GGUF_HEADER_BYTES = 100_000_000;
/** Chat templates have at most some 100 kB; no other text of a header comes near. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
const WINDOW_BYTES = 256 * 1024;

/** Reads the fields of a header one after the other; every refusal goes through `refuse`. All numbers are little-endian. */
export interface GgufCursor {
  /** Byte position of the next field. */
  position(): number;
  /** Bytes that the header can still have. */
  left(): number;
  u8(): number;
  i8(): number;
  u16(): number;
  i16(): number;
  u32(): number;
  i32(): number;
  f32(): number;
  f64(): number;
  u64(): bigint;
  i64(): bigint;
  /** A u64 byte count and that much UTF-8. `what` names the text in an error. */
  text(what: string, maxBytes?: number): string;
}

export type Refuse = (reason: string) => never;

/** A cursor at the start of `file` that never holds more than a window of it (or one text). */
export function ggufCursor(file: OpenFile, refuse: Refuse): GgufCursor {
  let window = new Uint8Array(0);
  let view = new DataView(window.buffer);
  let windowStart = 0;
  let position = 0;
  const end = Math.min(file.size, MAX_GGUF_HEADER_BYTES);
  /** Makes the next `count` bytes available and gives their place in the window. */
  const take = (count: number): number => {
    if (position + count > end) {
      if (end === file.size)
        refuse(`the header goes on after the end of the file at byte ${end}: the file is truncated`);
      refuse(`the header is longer than ${MAX_GGUF_HEADER_BYTES} bytes`);
    }
    if (position < windowStart || position + count > windowStart + window.byteLength) {
      window = new Uint8Array(Math.min(Math.max(count, WINDOW_BYTES), end - position));
      view = new DataView(window.buffer);
      readFully(file, window, position);
      windowStart = position;
    }
    const at = position - windowStart;
    position += count;
    return at;
  };
  const u64 = (): bigint => {
    const at = take(8);
    return view.getBigUint64(at, true);
  };
  return {
    position: () => position,
    left: () => end - position,
    u8: () => {
      const at = take(1);
      return view.getUint8(at);
    },
    i8: () => {
      const at = take(1);
      return view.getInt8(at);
    },
    u16: () => {
      const at = take(2);
      return view.getUint16(at, true);
    },
    i16: () => {
      const at = take(2);
      return view.getInt16(at, true);
    },
    u32: () => {
      const at = take(4);
      return view.getUint32(at, true);
    },
    i32: () => {
      const at = take(4);
      return view.getInt32(at, true);
    },
    f32: () => {
      const at = take(4);
      return view.getFloat32(at, true);
    },
    f64: () => {
      const at = take(8);
      return view.getFloat64(at, true);
    },
    u64,
    i64: () => {
      const at = take(8);
      return view.getBigInt64(at, true);
    },
    text(what, maxBytes = MAX_TEXT_BYTES) {
      const length = u64();
      if (length > BigInt(maxBytes)) refuse(`${what} has ${length} bytes; at most ${maxBytes} are accepted`);
      const at = take(Number(length));
      try {
        return decodeUtf8(window.subarray(at, at + Number(length)));
      } catch {
        return refuse(`${what} is not UTF-8`);
      }
    },
  };
}
