import type { AboutFamily } from "../about.ts";
import { type Element, element } from "../element.ts";
import { UserError } from "../error.ts";
import { normalQuantile, studentQuantile } from "../quantiles.ts";
import type { ElementFamily } from "./family.ts";

/** Below, the outer quantiles of an 8-bit book exceed 1e5 times the inner ones; above, the book equals the normal's to 1e-3. */
const NU_MIN = 0.5;
const NU_MAX = 1000;
const NU_DEFAULT = 5;
/** Kind, width, ν, width of the outer probability, no zero. */
const pattern = /^(nf|sf)(\d+)(?:_(\d+(?:\.\d+)?))?(?:-d(\d+))?(-nz)?$/;

/**
 * NormalFloat and Student Float codebooks of any width: quantiles at evenly spaced probabilities, divided by the largest
 * (Dotzel et al., ICML 2024, Algorithm 1).
 */
export const quantileBooks: ElementFamily = {
  listed: [
    ...["nf2", "nf3", "nf3-d4", "nf3-nz", "nf4", "nf4-d4", "nf5", "nf6", "nf8"],
    ...["sf2", "sf3", "sf3-d4", "sf3_3-d4", "sf3_4-d4", "sf3_6-d4", "sf3-nz", "sf3_3-nz", "sf3_4-nz", "sf3_6-nz"],
    ...["sf4", "sf4_3", "sf4_4", "sf4_6", "sf4_7", "sf5", "sf6", "sf8"],
  ],
  make(id) {
    if (nf4.aliases.includes(id)) return nf4;
    const match = pattern.exec(id.replace(/_nz$/, "-nz"));
    if (!match) return undefined;
    const [, kind, width, degrees, outer, noZero] = match;
    const bits = widthOf(id, width!);
    if (kind === "nf" && degrees !== undefined)
      throw new UserError(`${id}: a normal book has no nu; sf${bits}_${degrees} does`);
    const nu = kind === "nf" ? null : Number(degrees ?? NU_DEFAULT);
    if (nu !== null && !(nu >= NU_MIN && nu <= NU_MAX)) {
      throw new UserError(`${id}: nu must be ${NU_MIN} to ${NU_MAX} (nf${bits} is the limit of large nu)`);
    }
    const deltaBits = outer === undefined ? bits : widthOf(id, outer);
    if (nu === null && bits === 4 && outer === undefined && !noZero) return nf4;
    return quantileBook({ bits, nu, deltaBits, explicitDelta: outer !== undefined, zero: !noZero });
  },
};

/** Outer probability of the k-bit book: δ_k = ½(1/2^(k+1) + 1/(2^(k+1) − 2)), the mean of those of a k-bit and a no-zero book. */
export function outerProbability(bits: number): number {
  return 0.5 * (1 / 2 ** (bits + 1) + 1 / (2 ** (bits + 1) - 2));
}

/**
 * The quantiles of a book, ascending, divided by the largest magnitude. `quantile` maps probability to value and belongs
 * to a distribution symmetric about 0: the upper half is computed as the mirrored lower tail, so that the ends are ±1 exactly.
 */
export function quantileValues(bits: number, delta: number, zero: boolean, quantile: (p: number) => number): number[] {
  const half = 2 ** (bits - 1);
  const lower = (steps: number, to: number) => evenly(delta, to, steps).map(quantile);
  const raw = zero
    ? [...lower(half, 0.5).slice(0, -1), 0, ...mirrored(lower(half + 1, 0.5).slice(0, -1))]
    : withMirror(lower(2 * half, 1 - delta).slice(0, half));
  const largest = Math.max(...raw.map(Math.abs));
  return raw.map((value) => value / largest);
}

function mirrored(values: readonly number[]): number[] {
  return values.map((value) => -value).reverse();
}

function withMirror(values: readonly number[]): number[] {
  return [...values, ...mirrored(values)];
}

interface BookShape {
  bits: number;
  /** Degrees of freedom, null for the normal distribution. */
  nu: number | null;
  deltaBits: number;
  explicitDelta: boolean;
  zero: boolean;
}

function quantileBook({ bits, nu, deltaBits, explicitDelta, zero }: BookShape): Element {
  const delta = outerProbability(deltaBits);
  const namesDelta = deltaBits !== bits || (explicitDelta && nu === null && bits === 4 && zero); // nf4 itself is a table
  const suffix = (namesDelta ? `-d${deltaBits}` : "") + (zero ? "" : "-nz");
  const stem = nu === null ? `nf${bits}` : nu === NU_DEFAULT ? `sf${bits}` : `sf${bits}_${nu}`;
  const quantile = nu === null ? normalQuantile : (p: number) => studentQuantile(p, nu);
  return element({
    id: stem + suffix,
    family: nu === null ? "normal" : "student",
    bits,
    codes: quantileValues(bits, delta, zero, quantile),
    tie: "down",
    aliases: nu === NU_DEFAULT ? [`sf${bits}_${NU_DEFAULT}${suffix}`] : [],
  });
}

function evenly(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}

function widthOf(id: string, digits: string): number {
  const bits = Number(digits);
  if (bits < 2 || bits > 8) throw new UserError(`${id}: quantile books have 2 to 8 bits here`);
  return bits;
}

const nf4 = element({
  id: "nf4",
  aliases: ["nf4_bnb", "normalfloat4"],
  family: "normal",
  bits: 4,
  // The digits of float32 are those of the source.
  codes: [
    -1, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.091050036, 0, 0.0795803, 0.1609302, 0.2461123,
    0.33791524, 0.44070983, 0.562617, 0.72295684, 1,
  ].map(Math.fround),
  tie: "down",
});

export const aboutQuantileBooks: AboutFamily = {
  grammar:
    "`nfK`, `sfK`, `sfK_NU`, each with `-dJ` (outer probability of the J-bit book) and `-nz` (symmetric, no zero); K = 2..8, NU = 0.5..1000, default 5",
  about({ id }) {
    if (id === "nf4") {
      return {
        label: "NormalFloat 4-bit",
        source: "bitsandbytes 95f9af30 functional.py (MIT): the table everyone uses; published block 64",
        quirks: ["printed from float32 with offset 0.9677083: up to 1.9e-7 from the exact derivation, which is nf4-d4"],
      };
    }
    const [, kind, bits, nu = NU_DEFAULT, outer = bits, noZero] = pattern.exec(id) ?? [];
    if (kind === undefined) return undefined;
    const normal = kind === "nf";
    const power = `2^${Number(outer) + 1}`;
    const quirks: string[] = [];
    if (bits === "3" && outer === "4" && normal) {
      quirks.push("LoftQ's NF3: it keeps the 4-bit offset for every width");
    } else if (bits === "3" && outer === "4" && !noZero) {
      quirks.push(
        "the published SF3 tables use this 4-bit delta while NF3 uses the 3-bit one; sf3 is the consistent book",
      );
    }
    return {
      label: `${normal ? "NormalFloat" : "Student Float"} ${bits}-bit${normal ? "" : `, ν=${nu}`}${noZero ? ", no zero" : ""}`,
      source: `derived: Dotzel et al. 2024 Algorithm 1, δ = ½(1/${power} + 1/(${power}−2))${noZero ? ", evenly spaced δ … 1−δ" : ""}`,
      quirks,
    };
  },
};
