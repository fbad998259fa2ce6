import type { Element } from "../element.ts";

/** How the bits of a code are to be read. */
export interface Layout {
  /** In words: fields of a float, two's complement, an index into a table. */
  layout: string;
  /** Exponent bias of a float, null for others. */
  bias: number | null;
  /** Codes that mean no number of their own, each with what is known: `1000 is −0`, `01111100 … 01111111 reserved`. */
  specials: string[];
}

export function layoutOf(element: Element): Layout {
  const { id, bits, codes } = element;
  const half = codes.length / 2;
  const specials = [...secondZero(element), ...reserved(element)];
  const [, exponentBits, mantissaBits, fnuz] = /^e(\d)m(\d)(?:(fnuz)|\+.*)?$/.exec(id) ?? [];
  if (exponentBits !== undefined) {
    const bias = 2 ** (Number(exponentBits) - 1) - (fnuz ? 0 : 1);
    return { layout: `sign, ${exponentBits} exponent, ${mantissaBits} mantissa bits; subnormals`, bias, specials };
  }
  const step = codes[1]! - codes[0]!;
  const counts = (offset: (code: number) => number) =>
    codes.every(
      (value, code) => value === null || Math.abs(value - codes[0]! - offset(code) * step) < 1e-12 * half * step,
    );
  const signMagnitude = codes.every((value, code) => code <= half || value === -codes[code - half]!);
  const layout =
    bits > 1 && codes[0] === 0 && counts((code) => (code < half ? code : code - 2 * half))
      ? `two's complement${step === 1 ? "" : `, times ${Number(step.toPrecision(6))}`}`
      : codes[0] === 0 && counts((code) => code)
        ? "unsigned integer"
        : bits > 2 && signMagnitude
          ? "sign and index of the magnitude"
          : "index into the table of values";
  return { layout, bias: null, specials };
}

/** What the code with the sign bit alone holds, where the code 0 is zero. */
function secondZero({ codes, bits, values }: Element): string[] {
  const code = codes.length / 2;
  const value = codes[code]!;
  const mirrored = codes.every((other, i) => i <= code || other === null || other === -codes[i - code]!);
  if (bits < 3 || codes[0] !== 0 || !mirrored || value === null || !values.includes(value + 0)) return [];
  const held = Object.is(value, -0) ? "−0" : `${value}, in place of −0`;
  return [`${pattern(code, bits)} is ${held}`];
}

/** Runs of codes that mean nothing. */
function reserved({ codes, bits }: Element): string[] {
  const runs: [number, number][] = [];
  for (const [code, value] of codes.entries()) {
    if (value !== null) continue;
    const last = runs.at(-1);
    if (last?.[1] === code - 1) last[1] = code;
    else runs.push([code, code]);
  }
  return runs.map(([from, to]) =>
    from === to
      ? `${pattern(from, bits)} is no number`
      : `${pattern(from, bits)} … ${pattern(to, bits)} are no numbers`,
  );
}

function pattern(code: number, bits: number): string {
  return code.toString(2).padStart(bits, "0");
}
