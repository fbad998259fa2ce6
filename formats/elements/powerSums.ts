import type { About, AboutFamily } from "../about.ts";
import { fixedFamily, signMagnitude } from "./family.ts";

/** Additive powers of two (Li et al., ICLR 2020): every magnitude is a sum of one entry of each set, so a product is two shifts and an add. */
const apot4Magnitudes = sums([0, 1 / 16, 1 / 4, 1 / 2], [0, 1 / 8]).map((sum) => sum / 0.625);
const apot5Magnitudes = sums([0, 1 / 16, 1 / 4, 1], [0, 1 / 32, 1 / 8, 1 / 2]).map((sum) => sum / 1.5);

export const powerSums = fixedFamily([
  { id: "apot4", family: "apot", bits: 4, codes: signMagnitude(apot4Magnitudes, -0), tie: "down" },
  {
    id: "apot4+sp",
    aliases: ["apot4-sp"],
    family: "apot",
    bits: 4,
    codes: signMagnitude(apot4Magnitudes, 0.5),
    tie: "down",
  },
  { id: "apot5", family: "apot", bits: 5, codes: signMagnitude(apot5Magnitudes, -0), tie: "down" },
]);

/** All sums, the index into the first set in the high bits. */
function sums(first: readonly number[], second: readonly number[]): number[] {
  return first.flatMap((a) => second.map((b) => a + b));
}

const words: Readonly<Record<string, About>> = {
  apot4: {
    label: "APoT 4-bit",
    source: "Dotzel et al. 2024, App. E: {0,1/16,1/4,1/2} + {0,1/8}, /0.625; Li et al. 2020; llm-datatypes apot4",
    quirks: ["code: sign, then the index into each set; −0 is code 1000"],
  },
  "apot4+sp": {
    label: "APoT 4-bit super-precision (+0.5)",
    source: "Dotzel et al. 2024, APoT4+SP; llm-datatypes apot4-sp",
    quirks: ["code: sign, then the index into each set; +0.5 takes −0's code 1000"],
  },
  apot5: {
    label: "APoT 5-bit",
    source: "Li et al. 2020 with 4 magnitude bits: {0,1/16,1/4,1} + {0,1/32,1/8,1/2}, /1.5",
    quirks: ["code: sign, then the index into each set; −0 is code 10000"],
  },
};

export const aboutPowerSums: AboutFamily = {
  grammar: "`apot4`, `apot4+sp`, `apot5` (additive powers of two)",
  about: ({ id }) => words[id],
};
