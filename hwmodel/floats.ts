/** A float too wide for a list of its values: the circuit takes its fields. No infinity and no NaN; subnormals count. */
export interface FloatFormat {
  id: string;
  exponentBits: number;
  fractionBits: number;
  bias: number;
}

export const FLOATS: readonly FloatFormat[] = [
  { id: "fp16", exponentBits: 5, fractionBits: 10, bias: 15 },
  { id: "bf16", exponentBits: 8, fractionBits: 7, bias: 127 },
];

export function floatById(id: string): FloatFormat | null {
  return FLOATS.find((float) => float.id === id.toLowerCase()) ?? null;
}

export function isFloatFormat(operand: object): operand is FloatFormat {
  return "fractionBits" in operand;
}

export function floatBits({ exponentBits, fractionBits }: FloatFormat): number {
  return 1 + exponentBits + fractionBits;
}

/** A code as significand · 2^exponent, the significand with its sign; null for the codes of infinities and NaN. */
export function floatValue(float: FloatFormat, code: number): { significand: number; exponent: number } | null {
  const { exponentBits, fractionBits, bias } = float;
  const field = Math.floor(code / 2 ** fractionBits) % 2 ** exponentBits;
  if (field === 2 ** exponentBits - 1) return null;
  const significand = (code % 2 ** fractionBits) + (field > 0 ? 2 ** fractionBits : 0);
  const negative = code >= 2 ** (exponentBits + fractionBits);
  return { significand: negative ? -significand : significand, exponent: Math.max(1, field) - bias - fractionBits };
}
