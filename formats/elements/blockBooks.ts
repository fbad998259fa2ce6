import { dynamicMap } from "../dynamicTree.ts";
import { type Element, element } from "../element.ts";
import { UserError } from "../error.ts";
import { type ElementFamily, fixedFamily, signMagnitude } from "./family.ts";

/** Two's complement −n … n times a factor that a source folds into the scale. */
function scaledIntegers(id: string, bits: number, numerator: number, denominator: number, source: string): Element {
  const half = 2 ** (bits - 1);
  return element({
    id,
    label: `${bits}-bit integer times ${numerator}/${denominator}`,
    family: "int",
    bits,
    codes: Array.from({ length: 2 * half }, (_, code) => {
      if (code === half) return null;
      return ((code < half ? code : code - 2 * half) * numerator) / denominator;
    }),
    tie: "even",
    source,
    quirks: [`code ${half.toString(2)} (−${half}) is never used`],
  });
}

/** BlockDialect's sixteen FP4 dialects, magnitudes in halves: they differ in the two largest. */
const DIALECT_SECOND = [11, 9, 11, 9, 10, 8, 10, 8, 9, 7, 9, 7, 8, 7, 7];

function dialect(index: number): Element {
  const second = DIALECT_SECOND[index];
  const magnitudes = second === undefined ? [0, 1, 2, 3, 4, 5, 6, 8] : [0, 1, 2, 3, 4, 6, second, 15 - (index >> 1)];
  return element({
    id: `dialect${index}`,
    label: `BlockDialect DialectFP4, dialect ${index}, in halves`,
    family: "float",
    bits: 4,
    codes: signMagnitude(magnitudes, -0),
    tie: "even",
    source: "arXiv 2501.01144v5, Fig. 4, through a third party's codec; not checked against the paper",
    quirks: ["magnitudes are multiples of 0.5, given here in halves"],
  });
}

const dialects: ElementFamily = {
  grammar: "`dialectD` (BlockDialect's FP4 dialects, D = 0..15)",
  listed: [],
  make(id) {
    const match = /^dialect(\d+)$/.exec(id);
    if (!match) return undefined;
    if (Number(match[1]) > 15) throw new UserError(`${id}: dialects are 0 to 15`);
    return dialect(Number(match[1]));
  },
};

/** Unsigned integers, for grids with a zero point. */
const unsignedIntegers: ElementFamily = {
  grammar: "`uintK` (0 … 2^K−1, with a zero point for each group), K = 1..8",
  listed: ["uint2", "uint3", "uint4", "uint8"],
  make(id) {
    const match = /^(?:uint(\d+)|int(\d+)-asym)$/.exec(id);
    if (!match) return undefined;
    const bits = Number(match[1] ?? match[2]);
    if (!(bits >= 1 && bits <= 8)) throw new UserError(`${id}: integers have 1 to 8 bits here`);
    return element({
      id: `uint${bits}`,
      aliases: [`int${bits}-asym`],
      label: `${bits}-bit integer with a zero point`,
      family: "int",
      bits,
      codes: Array.from({ length: 2 ** bits }, (_, code) => code),
      tie: "even",
      scaleRule: "zeropoint",
      source:
        "llm-datatypes qdq_weight_asym, GPTQ, AWQ: scale (max − min)/(2^b − 1) with 0 in the range, integer zero point",
    });
  },
};

/** Elements that exist for a block format; listed beside the others, usable alone. */
export const blockBooks: readonly ElementFamily[] = [
  unsignedIntegers,
  fixedFamily("elements of block formats", [
    element({
      id: "int8-mx",
      label: "8-bit integer in 64ths",
      family: "int",
      bits: 8,
      codes: Array.from({ length: 256 }, (_, code) => (code === 128 ? null : (code < 128 ? code : code - 256) / 64)),
      tie: "even",
      source: "OCP Microscaling Formats v1.0: two's complement with an implied 2^−6, ±1.984375",
      quirks: ["10000000 (−2) is left unused, as the specification allows and microxcaling does"],
    }),
    element({
      id: "s1p2",
      label: "HiF4's element: sign, one integer and two fraction bits",
      family: "int",
      bits: 4,
      codes: signMagnitude([0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75], -0),
      tie: "away",
      source: "ddddwee1/HiFloat4 (Apache-2.0)",
    }),
    element({
      id: "binary",
      label: "one bit, the sign",
      family: "int",
      bits: 1,
      codes: [1, -1],
      tie: "up",
      source: "binary networks: sign(x); 0 becomes +1, where sign(0) = 0 in published code has no code",
    }),
    element({
      id: "seq2",
      label: "ParetoQ SEQ, 2 bits",
      family: "int",
      bits: 2,
      codes: [0.25, 0.75, -0.75, -0.25],
      tie: "even",
      scaleRule: "unit",
      source: "ParetoQ (facebookresearch): α(⌊2·clip(x/α, ±0.99) − ½⌉ + ½)/2; LLM-QAT's two bits",
      quirks: ["no zero: exact zeros become +¼ of the scale"],
    }),
    element({
      id: "seq3",
      aliases: ["seq1.58"],
      label: "ParetoQ SEQ, ternary",
      family: "int",
      bits: 2,
      codes: [0, 2 / 3, null, -2 / 3],
      tie: "even",
      scaleRule: "unit",
      source: "ParetoQ (facebookresearch): α⌊1.5·clip(x/α, ±0.99)⌉/1.5",
    }),
    scaledIntegers("if4-int", 4, 6, 7, "mit-han-lab/fouroversix (MIT), IF4: INT4 scaled to end at 6"),
    scaledIntegers("if3-int", 3, 4, 3, "mit-han-lab/fouroversix (MIT), IF3: INT3 scaled to end at 4"),
    scaledIntegers("if6-int", 6, 7.5, 31, "mit-han-lab/fouroversix (MIT), IF6: INT6 scaled to end at 7.5"),
    scaledIntegers("if6-int-e3m2", 6, 28, 31, "mit-han-lab/fouroversix (MIT), IF6: INT6 scaled to end at 28"),
    element({
      id: "dynamic8",
      aliases: ["bnb_dynamic8"],
      label: "dynamic 8-bit map of bitsandbytes",
      family: "table",
      bits: 8,
      codes: [...dynamicMap],
      tie: "down",
      source: "bitsandbytes functional.py create_dynamic_map(signed, 7) (MIT); Dettmers et al. 2021",
      quirks: ["the negative side ends at −0.99297; bitsandbytes scales by max|x| and clips there (rule `clipped`)"],
    }),
  ]),
  dialects,
];
