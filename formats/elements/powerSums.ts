import type { About, AboutFamily } from "../about.ts";
import type { ElementData } from "../element.ts";
import { fixedFamily, signMagnitude } from "./family.ts";

/** Additive powers of two (Li et al., ICLR 2020): every magnitude is a sum of one entry of each set, so a product is shifts and adds. */
const apot4Magnitudes = sums([0, 1 / 16, 1 / 4, 1 / 2], [0, 1 / 8]);

export const powerSums = fixedFamily([
  apot("apot4", 4, signMagnitude(apot4Magnitudes, -0)),
  { ...apot("apot4+sp", 4, signMagnitude(apot4Magnitudes, 0.5)), aliases: ["apot4-sp"] },
  apot("apot5", 5, signMagnitude(sums([0, 1 / 16, 1 / 4, 1], [0, 1 / 32, 1 / 8, 1 / 2]), -0)),
  apot("apot6", 6, signMagnitude(sums([0, 1 / 64, 1 / 8, 1 / 2], [0, 1 / 128, 1 / 16, 1 / 4], [0, 1 / 32]), -0)),
  apot(
    "apot7",
    7,
    signMagnitude(sums([0, 1 / 64, 1 / 8, 1], [0, 1 / 128, 1 / 16, 1 / 2], [0, 1 / 256, 1 / 32, 1 / 4]), -0),
  ),
]);

function apot(id: string, bits: number, codes: readonly number[]): ElementData {
  return { id, family: "apot", bits, codes, tie: "down" };
}

/** All sums over the largest, the index into the first set in the high bits. */
function sums(...sets: readonly number[][]): number[] {
  const all = sets.reduce((heads, set) => heads.flatMap((head) => set.map((entry) => head + entry)), [0]);
  const largest = Math.max(...all);
  return all.map((sum) => sum / largest);
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
  apot6: {
    label: "APoT 6-bit",
    source: "yhhhli/APoT_Quantization build_power_value(5): {0,1/64,1/8,1/2} + {0,1/128,1/16,1/4} + {0,1/32}, /0.78125",
    quirks: ["code: sign, then the index into each set; −0 is code 100000"],
  },
  apot7: {
    label: "APoT 7-bit",
    source:
      "yhhhli/APoT_Quantization build_power_value(6): {0,1/64,1/8,1} + {0,1/128,1/16,1/2} + {0,1/256,1/32,1/4}, /1.75",
    quirks: ["code: sign, then the index into each set; −0 is code 1000000"],
  },
};

export const aboutPowerSums: AboutFamily = {
  grammar: "`apot4`, `apot4+sp`, `apot5`, `apot6`, `apot7` (additive powers of two)",
  about: ({ id }) => words[id],
};
