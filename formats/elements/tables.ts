import type { About, AboutFamily } from "../about.ts";
import { fixedFamily, signMagnitude } from "./family.ts";

/** Published tables that no rule generates, and E2M1's relatives. A new table is one entry here and one in `words`. */
export const tables = fixedFamily([
  {
    id: "e2m1-i",
    aliases: ["fp4_e2m1", "fp4_intel"],
    family: "float",
    bits: 4,
    codes: signMagnitude([0, 0.0625, 1, 1.5, 2, 3, 4, 6], -0),
    tie: "down",
  },
  {
    id: "e2m1-b",
    aliases: ["fp4_bnb", "bnb_fp4", "fp4_e2m1_bnb"],
    family: "float",
    bits: 4,
    codes: signMagnitude([0, 0.0625, 8, 12, 4, 6, 2, 3], -0),
    tie: "zero",
  },
  {
    id: "e2m1-ns",
    aliases: ["fp4_no_sub"],
    family: "float",
    bits: 4,
    codes: signMagnitude([0, 0.75, 1, 1.5, 2, 3, 4, 6], -0),
    tie: "down",
  },
  {
    id: "e1m2-nc",
    aliases: ["fp4_e1m2"],
    family: "float",
    bits: 4,
    codes: signMagnitude([0, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5], -0),
    tie: "down",
  },
  {
    id: "flint4",
    aliases: ["mokey"],
    family: "float",
    bits: 4,
    codes: signMagnitude([0, 1, 2, 3, 16, 8, 4, 6], -0),
    tie: "down",
  },
  {
    id: "flint5",
    family: "float",
    bits: 5,
    codes: signMagnitude([0, 1, 2, 3, 4, 5, 6, 7, 64, 32, 16, 24, 8, 10, 12, 14], -0),
    tie: "down",
  },
  {
    id: "af4",
    aliases: ["af4_64", "abnormalfloat4"],
    family: "normal",
    bits: 4,
    codes: [
      1, 0.72424863, 0.55496234, 0.42563882, 0.31675666, 0.21961274, 0.12934483, 0.04273164, 0, -0.04934812,
      -0.14982478, -0.25607552, -0.3736951, -0.51243739, -0.69441008, -1,
    ],
    tie: "down",
  },
  {
    id: "iq4_nl",
    family: "table",
    bits: 4,
    codes: [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],
    tie: "down",
    scaleRule: "signedmax",
  },
  {
    id: "en_25",
    family: "log",
    bits: 4,
    codes: Array.from({ length: 16 }, (_, code) => exponential(code - 7)),
    tie: "down",
  },
  {
    id: "denorm4",
    family: "table",
    bits: 4,
    codes: [-7, -6, -5, -4, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 5, 6],
    tie: "down",
  },
]);

function exponential(i: number): number {
  return (Math.sign(i) * (4 ** (Math.abs(i) / 8) - 1)) / 3;
}

const words: Readonly<Record<string, About>> = {
  "e2m1-i": {
    label: "E2M1 of Intel neural-compressor",
    source: "Dotzel et al. 2024, E2M1-I; llm-datatypes fp4_e2m1",
    quirks: ["not the OCP format: its smallest value is 0.0625 in place of 0.5"],
  },
  "e2m1-b": {
    label: "FP4 of bitsandbytes",
    source:
      "bitsandbytes 95f9af30 functional.py, csrc/kernels.cu (MIT), there divided by 12; Dotzel et al. 2024, E2M1-B",
    quirks: [
      "codes are not in order of magnitude: 0, .0625, 8, 12, 4, 6, 2, 3",
      "llm-datatypes calls this table `fp4`",
    ],
  },
  "e2m1-ns": {
    label: "E2M1 without subnormals",
    source: "Dotzel et al. 2024, E2M1-NS; llm-datatypes fp4_no_sub",
  },
  "e1m2-nc": {
    label: "fp4_e1m2 of neural-compressor",
    source: "llm-datatypes fp4_e1m2",
    quirks: ["not E1M2, whose values are 0 … 3.5 by halves"],
  },
  flint4: {
    label: "ANT flint 4-bit",
    source: "Guo et al., MICRO 2022 (ANT); llm-datatypes `mokey` is this table, not Mokey's dictionary",
    quirks: [
      "leading-one code order: 0xx is an integer, 11x → 4, 6, 101 → 8, 100 → 16; ANT's repository publishes values only",
    ],
  },
  flint5: {
    label: "ANT flint 5-bit",
    source: "Guo et al., MICRO 2022 (ANT)",
    quirks: ["leading-one code order, as flint4"],
  },
  af4: {
    label: "AbnormalFloat 4-bit",
    source: "Yoshida 2023 (arXiv 2306.06965); bitsandbytes functional.py (MIT)",
    quirks: [
      "code 0 is +1: stored descending",
      "made for blocks of 64",
      "optimal for L1 error, and only on each side of 0",
    ],
  },
  iq4_nl: {
    label: "IQ4_NL of llama.cpp",
    source: "ggml (MIT) kvalues_iq4nl; the value of largest magnitude maps to −127 before ggml's scale search",
    quirks: ["no zero: small values become ±1/127 of the block's largest", "published block 32 with an fp16 scale"],
  },
  en_25: {
    label: "EN_25, exponential of base 4^(1/8)",
    source: "llm-datatypes en_25: sign(i)·(4^(|i|/8) − 1)/3, i = −7 … 8",
    quirks: ["the negative side ends at −0.788; llm-datatypes clips it (rule `clipped`)"],
  },
  denorm4: {
    label: "DENORM4, integers with ±½",
    source: "llm-datatypes denorm4",
    quirks: [
      "llm-datatypes RTN scales by max|x|/6 and so never uses −7 (rule `clipped`), its GPTQ by max|x|/7 (`maxabs`)",
    ],
  },
};

export const aboutTables: AboutFamily = {
  grammar: "published tables",
  about: ({ id }) => words[id],
};
