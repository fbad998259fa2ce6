import type { AboutFamily } from "../formats/about.ts";
import { element } from "../formats/element.ts";
import type { ElementFamily } from "../formats/elements/family.ts";
import { addFamily, UserError } from "../formats/index.ts";
import { blockOptimalCodebook, lloydMax } from "./derivedCodebooks.ts";

/** Kind, width, ν, block, signed. */
const pattern = /^(lm|bo)(\d)(?:_(\d+(?:\.\d+)?))?(?:-b(\d+))?(-s)?$/;
/** Wider books take seconds to find. */
const BITS_MAX = 6;
/** The search is good to about 1e-6; more digits would differ from machine to machine. */
const DECIMALS = 6;

/** Codebooks of least squared error for a distribution, by id: Lloyd–Max at a fixed scale, block-optimal under a block's own. */
const optimalBooks: ElementFamily = {
  listed: [], // each takes a tenth of a second to find
  make(id) {
    const match = pattern.exec(id);
    if (match === null) return undefined;
    const [, kind, width, degrees, size, signed] = match;
    const bits = Number(width);
    const nu = degrees === undefined ? null : Number(degrees);
    if (bits < 2 || bits > BITS_MAX) throw new UserError(`${id}: optimal codebooks have 2 to ${BITS_MAX} bits here`);
    const name = `${kind}${bits}${nu === null ? "" : `_${nu}`}`;
    if (kind === "lm") {
      if (size !== undefined || signed !== undefined)
        throw new UserError(`${id}: a Lloyd–Max codebook knows no block; ${name}`);
      // In units of the standard deviation, which the rule rms measures.
      const deviation = nu === null ? 1 : Math.sqrt(nu / (nu - 2));
      const values = lloydMax(nu, 2 ** bits).values.map((value) => value / deviation);
      return made(name, bits, values, "rms");
    }
    if (size === undefined) throw new UserError(`${id}: name the block it is made for, as in ${name}-b128`);
    const { values } = blockOptimalCodebook({
      nu,
      blockSize: Number(size),
      signed: signed !== undefined,
      levels: 2 ** bits,
    });
    return made(`${name}-b${Number(size)}${signed ?? ""}`, bits, values, signed === undefined ? "absmax" : "signedmax");
  },
};

function made(id: string, bits: number, values: readonly number[], scaleRule: "rms" | "absmax" | "signedmax") {
  const codes = values.map((value) => Number(value.toFixed(DECIMALS)));
  return element({ id, family: /_/.test(id) ? "student" : "normal", bits, codes, tie: "down", scaleRule });
}

const aboutOptimalBooks: AboutFamily = {
  grammar:
    "`lmK`, `lmK_NU` (Lloyd–Max for the normal, for a t) and `boK-bB`, `boK_NU-bB` (block-optimal for blocks of B; `-s`: signed scale), K = 2..6",
  about({ id, bits }) {
    const [, kind, , nu, size, signed] = pattern.exec(id) ?? [];
    if (kind === undefined) return undefined;
    const law = nu === undefined ? "normal" : `t, ν=${nu}`;
    return kind === "lm"
      ? {
          label: `Lloyd–Max ${bits}-bit, ${law}`,
          source: "derived: Max 1960, Lloyd 1982; HIGGS and TurboQuant with one dimension",
          quirks: ["in units of the standard deviation: the scale is the group's root mean square"],
        }
      : {
          label: `block-optimal ${bits}-bit, ${law}, blocks of ${size}${signed ? ", signed scale" : ""}`,
          source:
            "derived by quadrature: the optimum that BOF4 (arXiv 2505.06653) approaches with samples, for any law",
          quirks: ["made for the block in its name; the group is still the format's"],
        };
  },
};

addFamily(optimalBooks, aboutOptimalBooks);
