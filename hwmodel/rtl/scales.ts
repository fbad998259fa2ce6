import { UserError } from "../../formats/error.ts";
import { type Format, scaleRules } from "../../formats/index.ts";
import { anyOf } from "./arithmetic.ts";
import { type Bit, type Draft, not, wire, ZERO } from "./draft.ts";

/** The scale of a block as a unit takes it: a float, a power of two (no fraction), or an integer (no exponent). */
export interface BlockScale {
  id: string;
  exponentBits: number;
  fractionBits: number;
  bias: number;
  /** A sign bit above the others: groups may be mirrored. */
  signed: boolean;
}

const scale = (id: string, exponentBits: number, fractionBits: number, bias = 0): BlockScale => ({
  id,
  exponentBits,
  fractionBits,
  bias,
  signed: false,
});

export const BLOCK_SCALES: readonly BlockScale[] = [
  scale("fp16", 5, 10, 15),
  scale("bf16", 8, 7, 127),
  scale("fp32", 8, 23, 127),
  scale("e8m0", 8, 0, 127),
  scale("e5m0", 5, 0, 14),
  scale("e4m3", 4, 3, 7),
  scale("e5m3", 5, 3, 15),
  scale("e3m3", 3, 3, 3),
  scale("int8", 0, 8),
  scale("int6", 0, 6),
  scale("int4", 0, 4),
];

/** Throws UserError naming the scales that units are generated for. */
export function blockScale(id: string): BlockScale {
  const found = BLOCK_SCALES.find((each) => each.id === id);
  if (!found)
    throw new UserError(`scale ${id}: no circuit for it; known are ${BLOCK_SCALES.map((s) => s.id).join(", ")}`);
  return found;
}

/**
 * The scale that a block unit multiplies a format's groups by; what a tensor or a row shares (NVFP4's fp32) is applied after the
 * sum, outside. Null for formats whose scale belongs to a whole row or tensor. Throws UserError for zero points, second scales,
 * and stores without a circuit.
 */
export function formatScale(format: Format): BlockScale | null {
  if (typeof format.group !== "number") return null;
  const { extra, mirrors } = scaleRules[format.rule];
  if (extra || format.coder !== "scaled") {
    throw new UserError(
      `${format.id}: a block unit takes one scale a group, no zero point, second scale or ${format.coder} code`,
    );
  }
  const found = blockScale(format.store.split("-")[0]!);
  // ggml's six-bit scales are five bits and a sign.
  return { ...found, signed: mirrors === true };
}

export function scaleBits({ exponentBits, fractionBits, signed }: BlockScale): number {
  return exponentBits + fractionBits + Number(signed);
}

/** Fields of a scale: value = ±significand · 2^(exponent + offset). */
export interface ScaleFields {
  sign: Bit;
  significand: Bit[];
  exponent: Bit[];
  offset: number;
}

export function decodeScale(
  d: Draft,
  { exponentBits, fractionBits, bias, signed }: BlockScale,
  code: readonly Bit[],
): ScaleFields {
  const sign = signed ? code.at(-1)! : ZERO;
  const fraction = code.slice(0, fractionBits);
  const exponent = code.slice(fractionBits, fractionBits + exponentBits);
  if (exponentBits === 0) return { sign, significand: fraction, exponent: [], offset: 0 };
  if (fractionBits === 0) return { sign, significand: [], exponent, offset: -bias };
  const normal = anyOf(d, exponent);
  // A subnormal has the exponent of field 1.
  const lowest = wire(d, "exponent", `${exponent[0]} | ${not(d, normal)}`, [normal]);
  return {
    sign,
    significand: [...fraction, normal],
    exponent: [lowest, ...exponent.slice(1)],
    offset: -bias - fractionBits,
  };
}

/** What `decodeScale` makes of a code: significand (with its sign) and exponent. */
export function scaleValue({ exponentBits, fractionBits, bias, signed }: BlockScale, code: number): [number, number] {
  const sign = signed && code >= 2 ** (exponentBits + fractionBits) ? -1 : 1;
  const fraction = code % 2 ** fractionBits;
  const field = Math.floor(code / 2 ** fractionBits) % 2 ** exponentBits;
  if (exponentBits === 0) return [sign * fraction, 0];
  if (fractionBits === 0) return [sign, field - bias];
  return [sign * (fraction + (field > 0 ? 2 ** fractionBits : 0)), Math.max(1, field) - bias - fractionBits];
}
