import type { About, AboutFamily } from "../about.ts";
import { type Element, element } from "../element.ts";
import { UserError } from "../error.ts";
import { type ElementFamily, signMagnitude } from "./family.ts";

/** Sign, X exponent bits, M mantissa bits, bias 2^(X−1)−1, subnormals; a second zero may hold a special value instead. */
export const minifloats: ElementFamily = {
  listed: [
    ...["e2m0", "e1m1", "e2m1", "e2m1+sr", "e2m1+sp", "e2m1+sp2.5", "e1m2", "e3m0"],
    ...["e2m2", "e3m1", "e1m3", "e2m3", "e3m2", "e4m3", "e5m2"],
  ],
  make(id) {
    const match = /^e(\d)m(\d)(?:\+(sr|sp)(-?\d+(?:\.\d+)?)?)?$/.exec(ALIASES.get(id) ?? id);
    if (!match) return undefined;
    const exponentBits = Number(match[1]);
    const mantissaBits = Number(match[2]);
    const [, , , kind, digits] = match;
    const bits = 1 + exponentBits + mantissaBits;
    if (exponentBits < 1 || exponentBits > 5 || bits > 8) {
      throw new UserError(`${id}: a minifloat has 1 to 5 exponent bits and at most 8 bits in all`);
    }
    const base = minifloat(exponentBits, mantissaBits);
    if (kind === undefined) return base;
    return withSpecial(base, specialValue(id, base, kind, digits));
  },
};

/** Values of codes 0 … 2^(X+M)−1 of a minifloat, none reserved. */
export function minifloatMagnitudes(
  exponentBits: number,
  mantissaBits: number,
  bias = 2 ** (exponentBits - 1) - 1,
): number[] {
  return Array.from({ length: 2 ** (exponentBits + mantissaBits) }, (_, code) => {
    const exponent = code >> mantissaBits;
    const fraction = (code & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
    return exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  });
}

const ALIASES = new Map(
  Object.entries({
    fp4: "e2m1",
    fp4_e2m1_ocp: "e2m1",
    fp4_basic: "e2m1",
    fp4_range: "e2m1+sr",
    fp4_prec1: "e2m1+sp2.5",
    fp4_prec2: "e2m1+sp",
    fp4_log: "e3m0",
    pot4: "e3m0",
    fp3_log: "e2m0",
    pot3: "e2m0",
    flint3: "e2m0",
    apot3: "e2m0",
    fp8_e4m3: "e4m3",
    e4m3fn: "e4m3",
    fp8_e5m2: "e5m2",
  }),
);

function minifloat(exponentBits: number, mantissaBits: number): Element {
  const id = `e${exponentBits}m${mantissaBits}`;
  const codes = signMagnitude(minifloatMagnitudes(exponentBits, mantissaBits), -0);
  return element({
    id,
    family: mantissaBits === 0 ? "log" : "float",
    bits: 1 + exponentBits + mantissaBits,
    codes: codes.map((value, code) => (isReserved(id, code & 0x7f) ? null : value)),
    tie: "even",
    aliases: aliasesOf(id),
  });
}

/** NaN and infinity of the two OCP 8-bit formats; smaller floats have none. */
function isReserved(id: string, magnitude: number): boolean {
  return (id === "e4m3" && magnitude === 0x7f) || (id === "e5m2" && magnitude >= 0x7c);
}

function withSpecial(base: Element, special: number): Element {
  const half = base.codes.length / 2;
  const suffix =
    base.id === "e2m1" && special === 8 ? "sr" : base.id === "e2m1" && special === 5 ? "sp" : `sp${special}`;
  const id = `${base.id}+${suffix}`;
  return element({
    id,
    family: base.family,
    bits: base.bits,
    codes: base.codes.map((value, code) => (code === half ? special : value)),
    tie: "even",
    aliases: aliasesOf(id),
  });
}

function specialValue(id: string, base: Element, kind: string, digits: string | undefined): number {
  if (digits === undefined || kind === "sr") {
    if (base.id !== "e2m1" || digits !== undefined) {
      throw new UserError(`${id}: name the special value, as in ${base.id}+sp5; +sr and bare +sp belong to e2m1`);
    }
    return kind === "sr" ? 8 : 5;
  }
  const special = Number(digits);
  const largest = base.values.at(-1)!;
  if (base.values.includes(special)) throw new UserError(`${id}: ${special} is a value of ${base.id} already`);
  if (Math.abs(special) > 2 * largest) throw new UserError(`${id}: a special value is at most ${2 * largest} here`);
  return special;
}

function aliasesOf(id: string): string[] {
  return [...ALIASES].filter(([, target]) => target === id).map(([alias]) => alias);
}

/** What is known of a minifloat beyond its rule. */
const NOTES: Readonly<Record<string, Partial<About>>> = {
  e2m1: {
    source: "OCP Microscaling Formats v1.0 (FP4); llm-datatypes fp4_basic",
    quirks: ["`fp4` means E2M1 here, but bitsandbytes' own table (e2m1-b) in llm-datatypes"],
  },
  "e2m1+sr": {
    label: "E2M1 super-range (+8)",
    source: "Dotzel et al. 2024, E2M1+SR; llm-datatypes fp4_range",
    quirks: [
      "the published results scale by max|x|/8, which clips negatives at −6: rule `clipped`; the default here does not",
      "RaZeR, which also remaps −0, is the subject of a patent application by Cornell",
    ],
  },
  "e2m1+sp": {
    label: "E2M1 super-precision (+5)",
    source: "Dotzel et al. 2024, E2M1+SP; llm-datatypes fp4_prec2",
    quirks: ["the MAC of the paper's Table 10 is two bits wider than this needs (5 held as 1.25·2²)"],
  },
  "e2m1+sp2.5": { label: "E2M1 with +2.5", source: "llm-datatypes fp4_prec1" },
  e3m0: { source: "Dotzel et al. 2024, E3M0; ANT `pot` has the same shape, times 4" },
  e2m0: { source: "Dotzel et al. 2024, E2M0; same shape as ANT flint3 and APoT with 2 magnitude bits" },
  e1m2: {
    quirks: ["half-integers 0 … 3.5: the values of int4, halved; llm-datatypes' fp4_e1m2 is another table (e1m2-nc)"],
  },
  e2m3: { source: "OCP Microscaling Formats v1.0 (FP6)" },
  e3m2: { source: "OCP Microscaling Formats v1.0 (FP6)" },
  e4m3: { source: "OCP 8-bit Floating Point v1.0", quirks: ["no infinities; S.1111.111 is NaN; largest value 448"] },
  e5m2: {
    source: "OCP 8-bit Floating Point v1.0",
    quirks: ["S.11111.00 is infinity, other S.11111.xx NaN; largest value 57344"],
  },
};

export const aboutMinifloats: AboutFamily = {
  grammar:
    "`eXmM` (X = 1..5 exponent and M mantissa bits, at most 8 bits in all), and `eXmM+spV`: code −0 holds the value V; `e2m1+sr` = +8, `e2m1+sp` = +5",
  about({ id, codes }) {
    const [, shape, exponentBits, mantissaBits, special] = /^(e(\d)m(\d))(\+.*)?$/.exec(id) ?? [];
    if (shape === undefined) return undefined;
    const value = codes[codes.length / 2]!;
    return special === undefined
      ? {
          label: shape.toUpperCase(),
          source: `derived: sign, ${exponentBits} exponent and ${mantissaBits} mantissa bits, bias ${2 ** (Number(exponentBits) - 1) - 1}, subnormals, no specials`,
          ...NOTES[id],
        }
      : {
          label: `${shape.toUpperCase()} with ${value > 0 ? "+" : ""}${value}`,
          source: `derived: ${shape.toUpperCase()} with code −0 remapped`,
          ...NOTES[id],
        };
  },
};
