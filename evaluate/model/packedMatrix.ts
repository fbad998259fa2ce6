/**
 * @file A quantized matrix as bytes: its codes, and what its groups store, each a list of bytes named after the matrix. It is a
 * layout of our own, for any format: no runtime reads it, but it has the size that a format promises, and gives back the same
 * numbers.
 */
import {
  blockingOf,
  dequantize,
  type Format,
  type Quantized,
  quantize,
  storageBits,
  UserError,
} from "../../formats/index.ts";
import { packCodes, scaleCodes, scalesOfCodes, unpackCodes } from "../../formats/packing/index.ts";
import { scaleStores } from "../../formats/scaleStores.ts";

/** Parts of `Quantized` beside codes and scales, as they are kept: bytes, or float32. */
const EXTRAS = {
  choices: Uint8Array,
  micro: Uint8Array,
  lowerScales: Float32Array,
  offsets: Float32Array,
  zeroPoints: Float32Array,
  outer: Float32Array,
} as const;
type Extra = keyof typeof EXTRAS;

/** Lists of bytes by name: "codes", "scales", and whatever else the format stores. */
export type PackedParts = Map<string, Uint8Array>;

/** Shape of a matrix, [outputs, inputs]. */
export interface PackedShape {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
}

/** Rounds a matrix to nearest and packs it. */
export function packMatrix(weights: Float32Array, shape: PackedShape, format: Format): PackedParts {
  return packQuantized(quantize(weights, shape.rows, shape.cols, format, { name: shape.name }), shape, format);
}

/** Packs codes as a bit stream, the first one lowest, each row from a new byte; scales as the store's patterns. */
export function packQuantized(quantized: Quantized, { rows, cols }: PackedShape, format: Format): PackedParts {
  const parts: PackedParts = new Map();
  parts.set("codes", packCodes(quantized.codes, storageBits(format).code, "low", cols));
  parts.set("scales", patternBytes(scaleCodes(quantized, format, { rows, cols }), bytesOfScale(format)));
  for (const extra of Object.keys(EXTRAS) as Extra[]) {
    const values = quantized[extra];
    // Choices that lie in the scales' signs are there already.
    if (values && !(extra === "choices" && format.selector?.where === "sign of the scale"))
      parts.set(extra, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  // There also where it is 0, so that the parts follow from the shape alone.
  if (scaleStores[format.store].outer?.centred)
    parts.set("meanScale", new Uint8Array(Float32Array.of(quantized.meanScale ?? 0).buffer));
  return parts;
}

/** The weights of a packed matrix, bit for bit those that were rounded. Throws UserError naming the matrix and what does not fit. */
export function unpackMatrix(parts: PackedParts, { name, rows, cols }: PackedShape, format: Format): Float32Array {
  const part = (what: string) => {
    const found = parts.get(what);
    if (!found) throw new UserError(`${name}: ${what} are missing`);
    return found;
  };
  const { groups } = blockingOf(format, rows, cols, { name });
  const extras: Partial<Quantized> = {};
  for (const extra of Object.keys(EXTRAS) as Extra[]) {
    const bytes = parts.get(extra);
    if (bytes)
      Object.assign(extras, { [extra]: extra === "choices" || extra === "micro" ? bytes : floatsOf(bytes, name) });
  }
  const mean = parts.get("meanScale");
  if (mean) extras.meanScale = floatsOf(mean, name)[0]!;
  const width = bytesOfScale(format);
  if (part("scales").length !== groups * width)
    throw new UserError(
      `${name}: ${part("scales").length} bytes of scales, expected ${groups * width} for ${format.id}`,
    );
  const scales = scalesOfCodes(patternsOf(part("scales"), width), format, { rows, cols }, extras);
  const codes = unpackCodes(part("codes"), rows * cols, storageBits(format).code, "low", cols);
  return dequantize({ ...extras, codes, ...scales }, rows, cols, format, { name });
}

/** Bytes of each part of a matrix of this shape, whatever its weights. */
export function packedSizes(shape: PackedShape, format: Format): Map<string, number> {
  const parts = packMatrix(new Float32Array(shape.rows * shape.cols).fill(1), shape, format);
  return new Map([...parts].map(([part, bytes]) => [part, bytes.length]));
}

function bytesOfScale(format: Format): number {
  return Math.ceil(scaleStores[format.store].bits / 8);
}

function patternBytes(patterns: Uint32Array, width: number): Uint8Array {
  const bytes = new Uint8Array(patterns.length * width);
  for (const [i, pattern] of patterns.entries()) {
    for (let k = 0; k < width; k++) bytes[i * width + k] = pattern >>> (8 * k);
  }
  return bytes;
}

function patternsOf(bytes: Uint8Array, width: number): Uint32Array {
  return Uint32Array.from({ length: bytes.length / width }, (_, i) => {
    let pattern = 0;
    for (let k = width - 1; k >= 0; k--) pattern = pattern * 256 + bytes[i * width + k]!;
    return pattern;
  });
}

function floatsOf(bytes: Uint8Array, name: string): Float32Array {
  if (bytes.length % 4 !== 0) throw new UserError(`${name}: ${bytes.length} bytes are no whole number of float32`);
  return new Float32Array(bytes.slice().buffer);
}
