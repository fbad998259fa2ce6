import type { About, AboutFamily } from "../about.ts";
import { dynamicMap } from "../dynamicTree.ts";
import { type Element, type ElementData, element } from "../element.ts";
import { UserError } from "../error.ts";
import { type ElementFamily, fixedFamily, signMagnitude } from "./family.ts";

/** Two's complement −n … n times a factor that a source folds into the scale. */
function scaledIntegers(id: string, bits: number, numerator: number, denominator: number): ElementData {
  const half = 2 ** (bits - 1);
  return {
    id,
    family: "int",
    bits,
    codes: Array.from({ length: 2 * half }, (_, code) => {
      if (code === half) return null;
      return ((code < half ? code : code - 2 * half) * numerator) / denominator;
    }),
    tie: "even",
  };
}

/** BlockDialect's sixteen FP4 dialects, magnitudes in halves: they differ in the two largest. */
const DIALECT_SECOND = [11, 9, 11, 9, 10, 8, 10, 8, 9, 7, 9, 7, 8, 7, 7];

const dialects: ElementFamily = {
  listed: [],
  make(id) {
    const match = /^dialect(\d+)$/.exec(id);
    if (!match) return undefined;
    const index = Number(match[1]);
    if (index > 15) throw new UserError(`${id}: dialects are 0 to 15`);
    const second = DIALECT_SECOND[index];
    const magnitudes = second === undefined ? [0, 1, 2, 3, 4, 5, 6, 8] : [0, 1, 2, 3, 4, 6, second, 15 - (index >> 1)];
    return element({
      id: `dialect${index}`,
      family: "float",
      bits: 4,
      codes: signMagnitude(magnitudes, -0),
      tie: "even",
    });
  },
};

export const aboutDialects: AboutFamily = {
  grammar: "`dialectD` (BlockDialect's FP4 dialects, D = 0..15)",
  about({ id }) {
    const [, index] = /^dialect(\d+)$/.exec(id) ?? [];
    if (index === undefined) return undefined;
    return {
      label: `BlockDialect DialectFP4, dialect ${index}, in halves`,
      source: "arXiv 2501.01144v5, Fig. 4, through a third party's codec; not checked against the paper",
      quirks: ["magnitudes are multiples of 0.5, given here in halves"],
    };
  },
};

/** Unsigned integers, for grids with a zero point. */
const unsignedIntegers: ElementFamily = {
  listed: ["uint2", "uint3", "uint4", "uint8"],
  make(id) {
    const match = /^(?:uint(\d+)|int(\d+)-asym)$/.exec(id);
    if (!match) return undefined;
    const bits = Number(match[1] ?? match[2]);
    if (!(bits >= 1 && bits <= 8)) throw new UserError(`${id}: integers have 1 to 8 bits here`);
    return element({
      id: `uint${bits}`,
      aliases: [`int${bits}-asym`],
      family: "int",
      bits,
      codes: Array.from({ length: 2 ** bits }, (_, code) => code),
      tie: "even",
      scaleRule: "zeropoint",
    });
  },
};

export const aboutUnsignedIntegers: AboutFamily = {
  grammar: "`uintK` (0 … 2^K−1, with a zero point for each group), K = 1..8",
  about: ({ id, bits }) =>
    id !== `uint${bits}`
      ? undefined
      : {
          label: `${bits}-bit integer with a zero point`,
          source:
            "llm-datatypes qdq_weight_asym, GPTQ, AWQ: scale (max − min)/(2^b − 1) with 0 in the range, integer zero point",
        },
};

/** Elements that exist for a block format; listed beside the others, usable alone. */
export const blockBooks: readonly ElementFamily[] = [
  unsignedIntegers,
  fixedFamily([
    {
      id: "int8-mx",
      family: "int",
      bits: 8,
      codes: Array.from({ length: 256 }, (_, code) => (code === 128 ? null : (code < 128 ? code : code - 256) / 64)),
      tie: "even",
    },
    {
      id: "s1p2",
      family: "int",
      bits: 4,
      codes: signMagnitude([0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75], -0),
      tie: "away",
    },
    { id: "binary", family: "int", bits: 1, codes: [1, -1], tie: "up" },
    { id: "seq2", family: "int", bits: 2, codes: [0.25, 0.75, -0.75, -0.25], tie: "even", scaleRule: "unit" },
    {
      id: "seq3",
      aliases: ["seq1.58"],
      family: "int",
      bits: 2,
      codes: [0, 2 / 3, null, -2 / 3],
      tie: "even",
      scaleRule: "unit",
    },
    scaledIntegers("if4-int", 4, 6, 7),
    scaledIntegers("if3-int", 3, 4, 3),
    scaledIntegers("if6-int", 6, 7.5, 31),
    scaledIntegers("if6-int-e3m2", 6, 28, 31),
    { id: "dynamic8", aliases: ["bnb_dynamic8"], family: "table", bits: 8, codes: dynamicMap, tie: "down" },
  ]),
  dialects,
];

const words: Readonly<Record<string, About>> = {
  "int8-mx": {
    label: "8-bit integer in 64ths",
    source: "OCP Microscaling Formats v1.0: two's complement with an implied 2^−6, ±1.984375",
    quirks: ["10000000 (−2) is left unused, as the specification allows and microxcaling does"],
  },
  s1p2: {
    label: "HiF4's element: sign, one integer and two fraction bits",
    source: "ddddwee1/HiFloat4 (Apache-2.0)",
  },
  binary: {
    label: "one bit, the sign",
    source: "binary networks: sign(x); 0 becomes +1, where sign(0) = 0 in published code has no code",
  },
  seq2: {
    label: "ParetoQ SEQ, 2 bits",
    source: "ParetoQ (facebookresearch): α(⌊2·clip(x/α, ±0.99) − ½⌉ + ½)/2; LLM-QAT's two bits",
    quirks: ["no zero: exact zeros become +¼ of the scale"],
  },
  seq3: {
    label: "ParetoQ SEQ, ternary",
    source: "ParetoQ (facebookresearch): α⌊1.5·clip(x/α, ±0.99)⌉/1.5",
  },
  dynamic8: {
    label: "dynamic 8-bit map of bitsandbytes",
    source: "bitsandbytes functional.py create_dynamic_map(signed, 7) (MIT); Dettmers et al. 2021",
    quirks: ["the negative side ends at −0.99297; bitsandbytes scales by max|x| and clips there (rule `clipped`)"],
  },
};

/** Factor and source of each of `scaledIntegers`. */
const factors: Readonly<Record<string, readonly [string, string]>> = {
  "if4-int": ["6/7", "IF4: INT4 scaled to end at 6"],
  "if3-int": ["4/3", "IF3: INT3 scaled to end at 4"],
  "if6-int": ["7.5/31", "IF6: INT6 scaled to end at 7.5"],
  "if6-int-e3m2": ["28/31", "IF6: INT6 scaled to end at 28"],
};

function aboutScaledIntegers({ id, bits }: Element): About | undefined {
  const [factor, use] = factors[id] ?? [];
  if (factor === undefined) return undefined;
  const half = 2 ** (bits - 1);
  return {
    label: `${bits}-bit integer times ${factor}`,
    source: `mit-han-lab/fouroversix (MIT), ${use}`,
    quirks: [`code ${half.toString(2)} (−${half}) is never used`],
  };
}

export const aboutBlockBooks: AboutFamily = {
  grammar: "elements of block formats",
  about: (element) => words[element.id] ?? aboutScaledIntegers(element),
};
