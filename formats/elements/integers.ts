import type { AboutFamily } from "../about.ts";
import { type Element, element } from "../element.ts";
import { UserError } from "../error.ts";
import type { ElementFamily } from "./family.ts";

/** Two's complement integers of 2 to 8 bits, symmetric or with the lowest code in use. */
export const integers: ElementFamily = {
  listed: ["int2", "int3", "int4", "int4-full", "int5", "int6", "int8"],
  make(id) {
    const match = /^int(\d+)(-full)?$/.exec(id);
    if (!match) return undefined;
    const bits = Number(match[1]);
    if (bits < 2 || bits > 8) throw new UserError(`${id}: integers have 2 to 8 bits here`);
    return integer(bits, match[2] !== undefined);
  },
};

function integer(bits: number, full: boolean): Element {
  const count = 2 ** bits;
  const half = count / 2;
  const codes = Array.from({ length: count }, (_, code) => {
    if (code < half) return code;
    return code === half && !full ? null : code - count;
  });
  return element({
    id: full ? `int${bits}-full` : `int${bits}`,
    family: "int",
    bits,
    codes,
    tie: "even",
    ...(full ? { scaleRule: "signedmax" as const } : {}),
  });
}

export const aboutIntegers: AboutFamily = {
  grammar: "`intK` (−(2^(K−1)−1) … 2^(K−1)−1) and `intK-full` (one more negative value), K = 2..8",
  about({ id, bits }) {
    if (id === `int${bits}-full`) {
      return {
        label: `${bits}-bit integer, full range`,
        source:
          "llm-datatypes qdq_weight_sym(full_range), which maps the value of largest magnitude to the lowest code",
      };
    }
    if (id !== `int${bits}`) return undefined;
    const half = 2 ** (bits - 1);
    return {
      label: `${bits}-bit integer, symmetric`,
      source: "llm-datatypes qdq_weight_sym; GLM-130B: absmax scale, round half to even",
      quirks: [`code ${half.toString(2)} (−${half}) is never used`],
    };
  },
};
