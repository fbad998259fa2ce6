import { IQ4_NL, MXFP4, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 } from "./ggufBlocks.ts";
import { Q2_K, Q3_K, Q4_K, Q5_K, Q6_K } from "./ggufSuperBlocks.ts";
import { bfloat16ToFloat32Bits, float16ToFloat32Bits } from "./halfFloats.ts";

/**
 * Turns whole blocks into float32: `out` has as many elements as the blocks of `bytes` hold. Every product and sum is
 * rounded to float32, so the values are those of the reference (gguf-py, quants.py) bit for bit.
 */
export type Dequantize = (bytes: Uint8Array, out: Float32Array) => void;

/** How ggml stores a tensor: blocks of `elements` neighbours in a row, `bytes` each. */
export interface GgmlType {
  readonly name: string;
  readonly elements: number;
  readonly bytes: number;
  /** Absent for types whose layout is known but not read here. */
  readonly dequantize?: Dequantize;
}

/** A typed view of bytes that may be unaligned. */
function unaligned<T>(bytes: Uint8Array, itemBytes: number, view: (buffer: ArrayBufferLike, at: number) => T): T {
  const source = bytes.byteOffset % itemBytes === 0 ? bytes : bytes.slice();
  return view(source.buffer, source.byteOffset);
}

const f32: Dequantize = (bytes, out) => {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
};

const half =
  (convert: (from: Uint16Array, to: Uint32Array) => void): Dequantize =>
  (bytes, out) =>
    convert(
      unaligned(bytes, 2, (buffer, at) => new Uint16Array(buffer, at, out.length)),
      new Uint32Array(out.buffer, out.byteOffset, out.length),
    );

type Entry = [id: number, name: string, elements: number, bytes: number, dequantize?: Dequantize];

/** Types by their number in the file (ggml.h, enum ggml_type; sizes of gguf-py, constants.py, GGML_QUANT_SIZES). */
const ENTRIES: readonly Entry[] = [
  [0, "F32", 1, 4, f32],
  [1, "F16", 1, 2, half(float16ToFloat32Bits)],
  [2, "Q4_0", 32, 18, Q4_0],
  [3, "Q4_1", 32, 20, Q4_1],
  [6, "Q5_0", 32, 22, Q5_0],
  [7, "Q5_1", 32, 24, Q5_1],
  [8, "Q8_0", 32, 34, Q8_0],
  [9, "Q8_1", 32, 40],
  [10, "Q2_K", 256, 84, Q2_K],
  [11, "Q3_K", 256, 110, Q3_K],
  [12, "Q4_K", 256, 144, Q4_K],
  [13, "Q5_K", 256, 176, Q5_K],
  [14, "Q6_K", 256, 210, Q6_K],
  [15, "Q8_K", 256, 292],
  [16, "IQ2_XXS", 256, 66],
  [17, "IQ2_XS", 256, 74],
  [18, "IQ3_XXS", 256, 98],
  [19, "IQ1_S", 256, 50],
  [20, "IQ4_NL", 32, 18, IQ4_NL],
  [21, "IQ3_S", 256, 110],
  [22, "IQ2_S", 256, 82],
  [23, "IQ4_XS", 256, 136],
  [24, "I8", 1, 1],
  [25, "I16", 1, 2],
  [26, "I32", 1, 4],
  [27, "I64", 1, 8],
  [28, "F64", 1, 8],
  [29, "IQ1_M", 256, 56],
  [30, "BF16", 1, 2, half(bfloat16ToFloat32Bits)],
  [34, "TQ1_0", 256, 54],
  [35, "TQ2_0", 256, 66],
  [39, "MXFP4", 32, 17, MXFP4],
];

export const GGML_TYPES: ReadonlyMap<number, GgmlType> = new Map(
  ENTRIES.map(([id, name, elements, bytes, dequantize]) => [
    id,
    { name, elements, bytes, ...(dequantize === undefined ? {} : { dequantize }) },
  ]),
);

const BY_NAME: ReadonlyMap<string, GgmlType> = new Map([...GGML_TYPES.values()].map((type) => [type.name, type]));

export function ggmlType(name: string): GgmlType {
  const type = BY_NAME.get(name);
  if (type === undefined) throw new Error(`no ggml type ${name}`);
  return type;
}

/** The names of the types that can be read, as an error message lists them. */
export const READABLE_GGML_TYPES: readonly string[] = [...GGML_TYPES.values()]
  .filter((type) => type.dequantize !== undefined)
  .map(({ name }) => name);
