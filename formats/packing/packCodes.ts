import { UserError } from "../error.ts";

/**
 * How codes of 1 to 8 bits become bytes. `low`: a bit stream, each code at the lowest free bits (of two nibbles the first
 * is the low one: NVFP4 in compressed-tensors). `high`: a bit stream from the highest bit down (bitsandbytes: the first
 * nibble is the high one). `int32`: `low` in little-endian 32-bit words, each row from a new word (compressed-tensors
 * 0.20.0). `int32-padded`: whole codes only in each word, ⌊32/bits⌋ of them, the highest bits 0 (its older releases; equal
 * to `int32` for 1, 2, 4 and 8 bits).
 */
export type Packing = "low" | "high" | "int32" | "int32-padded";

interface Layout {
  /** Bytes a row is filled up to. */
  unit: number;
  /** First bit of code `index` in its row, counted from the packing's first bit. */
  bitOf(index: number, bits: number): number;
  /** Whether the first bit of a byte is its highest. */
  highFirst: boolean;
}

const stream = (index: number, bits: number) => index * bits;
const layouts: Readonly<Record<Packing, Layout>> = {
  low: { unit: 1, bitOf: stream, highFirst: false },
  high: { unit: 1, bitOf: stream, highFirst: true },
  int32: { unit: 4, bitOf: stream, highFirst: false },
  "int32-padded": {
    unit: 4,
    bitOf(index, bits) {
      const perWord = Math.floor(32 / bits);
      return Math.floor(index / perWord) * 32 + (index % perWord) * bits;
    },
    highFirst: false,
  },
};

/** Bytes of a packed row of `cols` codes. */
export function packedRowBytes(cols: number, bits: number, packing: Packing): number {
  const { unit, bitOf } = layouts[packing];
  const end = cols === 0 ? 0 : bitOf(cols - 1, bits) + bits;
  return Math.ceil(end / (8 * unit)) * unit;
}

/**
 * Packs codes [rows, cols] row by row; unused bits at a row's end are 0. Without `cols` all codes are one row.
 * Throws UserError for bits outside 1…8, a code wider than `bits` (naming its index), and rows that do not divide.
 */
export function packCodes(codes: Uint8Array, bits: number, packing: Packing, cols = codes.length): Uint8Array {
  const rows = rowsOf(codes.length, bits, packing, cols);
  const rowBytes = packedRowBytes(cols, bits, packing);
  const { bitOf, highFirst } = layouts[packing];
  const bytes = new Uint8Array(rows * rowBytes);
  for (let row = 0, index = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++, index++) {
      const code = codes[index]!;
      if (code >= 2 ** bits) throw new UserError(`code ${code} at index ${index} is wider than ${bits} bits`);
      const bit = bitOf(col, bits);
      const byte = row * rowBytes + (bit >> 3);
      // A code of at most 8 bits touches at most two bytes.
      const window = highFirst ? code << (16 - bits - (bit & 7)) : code << (bit & 7);
      const [first, second] = highFirst ? [window >> 8, window & 255] : [window & 255, window >> 8];
      bytes[byte]! |= first;
      if (second !== 0) bytes[byte + 1]! |= second;
    }
  }
  return bytes;
}

/**
 * The `count` codes of packed rows of `cols`. Throws UserError for bits outside 1…8, rows that do not divide, and bytes
 * too many or too few.
 */
export function unpackCodes(
  bytes: Uint8Array,
  count: number,
  bits: number,
  packing: Packing,
  cols = count,
): Uint8Array {
  const rows = rowsOf(count, bits, packing, cols);
  const rowBytes = packedRowBytes(cols, bits, packing);
  if (bytes.length !== rows * rowBytes) {
    throw new UserError(
      `${bytes.length} bytes for ${rows} rows of ${cols} ${bits}-bit codes packed ${packing}, expected ${rows * rowBytes}`,
    );
  }
  const { bitOf, highFirst } = layouts[packing];
  const codes = new Uint8Array(count);
  for (let row = 0, index = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++, index++) {
      const bit = bitOf(col, bits);
      const byte = row * rowBytes + (bit >> 3);
      const [here, next] = [bytes[byte]!, bytes[byte + 1] ?? 0];
      const window = highFirst ? ((here << 8) | next) >> (16 - bits - (bit & 7)) : (here | (next << 8)) >> (bit & 7);
      codes[index] = window & (2 ** bits - 1);
    }
  }
  return codes;
}

function rowsOf(count: number, bits: number, packing: string, cols: number): number {
  if (!Object.hasOwn(layouts, packing)) {
    throw new UserError(`packing ${JSON.stringify(packing)}; known: ${Object.keys(layouts).join(", ")}`);
  }
  if (!Number.isInteger(bits) || bits < 1 || bits > 8)
    throw new UserError(`codes of ${bits} bits; 1 to 8 can be packed`);
  const rows = count === 0 && cols === 0 ? 0 : count / cols;
  if (!Number.isSafeInteger(count) || count < 0 || !Number.isSafeInteger(rows)) {
    throw new UserError(`${count} codes are no whole number of rows of ${cols}`);
  }
  return rows;
}
