import { dynamicTree } from "./dynamicTree.ts";
import { type ScaleFloat, scaleFloat } from "./scaleFloat.ts";

/**
 * How the scale is held in memory. The stored value is what dequantization uses, and quantization too unless the source
 * of the store says otherwise (`codesFromExact`).
 */
export interface ScaleStore {
  /** Bits for each group. */
  readonly bits: number;
  readonly largest: number;
  readonly smallest: number;
  /**
   * Where its numbers lie, for code that rounds without `round`: those of a float, whole numbers (halves up), or a list
   * that has no rule.
   */
  readonly spacing: ScaleFloat["spacing"] | "whole" | "listed";
  /** Nearest storable value, ties to even, of a positive number; Infinity above the range. */
  round(x: number): number;
  /** Whether a scale may be negative: a mirrored group, or a codebook chosen by the sign, costs nothing then. */
  readonly signed: boolean;
  /** The store holds scale × (power of two of the codebook), so that codebooks printed as ±1 and as ±448 share its range. */
  readonly relative: boolean;
  /** Codes follow from the exact scale, decoding uses the stored one: bitsandbytes, ggml. */
  readonly codesFromExact?: boolean;
  /** The second level, where scales are stored relative to another number. */
  readonly outer?: OuterLevel;
}

/** A second level: the stored scale of a group is a multiple of a number that many groups share. */
export interface OuterLevel {
  /** Whose groups share it: the tensor's, a row's, or so many consecutive groups. */
  readonly span: "tensor" | "row" | number;
  readonly bits: number;
  /** What the largest scale of the span becomes in units of the outer number. */
  readonly top: number;
  /** Nearest storable outer number. */
  round(x: number): number;
  /** The mean scale of the tensor (fp32, stored once) is taken away first: bitsandbytes' nested quantization. */
  readonly centred?: boolean;
}

export type ScaleStoreId =
  | "fp16"
  | "fp16-exact"
  | "bf16"
  | "fp32"
  | "e8m0"
  | "e5m0"
  | "e4m3"
  | "e5m3"
  | "e3m3"
  | "e6m2"
  | "e4m3-tensor"
  | "e4m3-tensor256"
  | "e3m3-tensor"
  | "e4m3-tensor28"
  | "int8-row"
  | "int6-row"
  | "int4-row"
  | "int6-8"
  | "dyn8-256";

const half = scaleFloat(5, 10, 15, 65504);
const single = scaleFloat(8, 23, 127, (2 - 2 ** -23) * 2 ** 127);
const e4m3 = scaleFloat(4, 3, 7, 448);
const e3m3 = scaleFloat(3, 3, 3, 30);
const perTensor = (top: number): OuterLevel => ({ span: "tensor", bits: 32, top, round: Math.fround });
const perRow = (top: number): OuterLevel => ({ span: "row", bits: 16, top, round: halfOrMore });

/** A new scale type is one entry here. */
export const scaleStores: Readonly<Record<ScaleStoreId, ScaleStore>> = {
  fp16: { ...half, bits: 16, signed: true, relative: true },
  "fp16-exact": {
    ...half,
    bits: 16,
    signed: true,
    relative: true,
    codesFromExact: true,
  },
  bf16: { ...scaleFloat(8, 7, 127, 0xff * 2 ** 120), bits: 16, signed: true, relative: true },
  fp32: { ...single, round: Math.fround, bits: 32, signed: true, relative: true },
  e8m0: {
    ...scaleFloat(8, 0, 128, 2 ** 127),
    bits: 8,
    ...unsigned(),
  },
  e5m0: { ...scaleFloat(5, 0, 15, 2 ** 15), bits: 5, ...unsigned() },
  e4m3: { ...e4m3, bits: 8, signed: true, relative: false },
  e5m3: { ...scaleFloat(5, 3, 15, 122880), bits: 8, ...unsigned() },
  e3m3: { ...e3m3, bits: 6, ...unsigned() },
  e6m2: {
    ...scaleFloat(6, 2, 48, 49152),
    smallest: 2 ** -48,
    bits: 8,
    ...unsigned(),
  },
  "e4m3-tensor": {
    ...nested(e4m3, perTensor(448)),
    bits: 8,
    signed: true,
  },
  "e4m3-tensor256": {
    ...nested(e4m3, perTensor(256)),
    bits: 8,
    signed: true,
  },
  "e3m3-tensor": {
    ...nested({ ...e3m3, smallest: 2 ** -5, largest: 28 }, perTensor(28)),
    bits: 6,
  },
  "e4m3-tensor28": {
    ...nested({ ...e4m3, smallest: 2 ** -5, largest: 28 }, perTensor(28)),
    bits: 7,
  },
  "int8-row": { ...nested(integers(255), perRow(255)), bits: 8 },
  "int6-row": { ...nested(integers(63), perRow(63)), bits: 6 },
  "int4-row": { ...nested(integers(15), perRow(15)), bits: 4 },
  "int6-8": {
    ...nested(integers(31), { span: 8, bits: 16, top: 31, round: halfOrMore }),
    bits: 6,
    signed: true,
  },
  "dyn8-256": {
    spacing: "listed",
    round: dynamicTree.round,
    largest: 1,
    smallest: -1,
    signed: false,
    relative: false,
    bits: 8,
    codesFromExact: true,
    outer: { span: 256, bits: 32, top: 1, round: Math.fround, centred: true },
  },
};

type Range = Pick<ScaleStore, "largest" | "smallest" | "spacing" | "round">;

function unsigned() {
  return { signed: false, relative: false };
}

function nested(inner: Range, outer: OuterLevel) {
  return { ...inner, ...unsigned(), outer };
}

function integers(largest: number): Range {
  return {
    largest,
    smallest: 1,
    spacing: "whole",
    round: (x) => Math.round(x),
  };
}

/** fp16; numbers it cannot hold as a positive one become its smallest, so that no row loses its scales. */
function halfOrMore(x: number): number {
  return Math.max(half.round(x), half.smallest);
}

/** What each store is, for sheets. */
export const aboutStores: Readonly<Record<ScaleStoreId, string>> = {
  fp16: "IEEE half precision",
  "fp16-exact": "IEEE half precision; codes follow from the scale before it is rounded (ggml)",
  bf16: "bfloat16",
  fp32: "IEEE single precision",
  e8m0: "power of two, 2^−127 … 2^127 (OCP E8M0)",
  e5m0: "power of two, fp16's exponent",
  e4m3: "OCP FP8 E4M3",
  e5m3: "unsigned E5M3, bias 15",
  e3m3: "unsigned E3M3, bias 3",
  e6m2: "unsigned E6M2, 2^−48 … 1.5·2^15 (HiF4)",
  "e4m3-tensor": "E4M3 of at most 448, under one fp32 per tensor",
  "e4m3-tensor256": "E4M3, the largest at 256, under one fp32 per tensor",
  "e3m3-tensor": "E3M3 of 2^−5 … 28, under one fp32 per tensor",
  "e4m3-tensor28": "E4M3 of 2^−5 … 28, 80 numbers, under one fp32 per tensor (RaZeR's code in place of E3M3)",
  "int8-row": "1 … 255 under one fp16 per row (VS-Quant)",
  "int6-row": "1 … 63 under one fp16 per row (VS-Quant)",
  "int4-row": "1 … 15 under one fp16 per row (VS-Quant)",
  "int6-8": "±1 … ±31 under one fp16 per 8 groups (ggml superblocks)",
  "dyn8-256":
    "8-bit dynamic map of scale − mean, under one fp32 per 256 groups (bitsandbytes nested quantization, QLoRA)",
};
