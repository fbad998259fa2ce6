import { element } from "../element.ts";
import { fixedFamily, signMagnitude } from "./family.ts";

/** Additive powers of two (Li et al., ICLR 2020): every magnitude is a sum of one entry of each set, so a product is two shifts and an add. */
const apot4Magnitudes = sums([0, 1 / 16, 1 / 4, 1 / 2], [0, 1 / 8]).map((sum) => sum / 0.625);
const apot5Magnitudes = sums([0, 1 / 16, 1 / 4, 1], [0, 1 / 32, 1 / 8, 1 / 2]).map((sum) => sum / 1.5);

const codeOrder = "code: sign, then the index into each set; −0 is code 1000";

export const powerSums = fixedFamily("`apot4`, `apot4+sp`, `apot5` (additive powers of two)", [
  element({
    id: "apot4",
    label: "APoT 4-bit",
    family: "apot",
    bits: 4,
    codes: signMagnitude(apot4Magnitudes, -0),
    tie: "down",
    source: "Dotzel et al. 2024, App. E: {0,1/16,1/4,1/2} + {0,1/8}, /0.625; Li et al. 2020; llm-datatypes apot4",
    quirks: [codeOrder],
  }),
  element({
    id: "apot4+sp",
    aliases: ["apot4-sp"],
    label: "APoT 4-bit super-precision (+0.5)",
    family: "apot",
    bits: 4,
    codes: signMagnitude(apot4Magnitudes, 0.5),
    tie: "down",
    source: "Dotzel et al. 2024, APoT4+SP; llm-datatypes apot4-sp",
    quirks: [codeOrder.replace("−0 is", "+0.5 takes −0's")],
  }),
  element({
    id: "apot5",
    label: "APoT 5-bit",
    family: "apot",
    bits: 5,
    codes: signMagnitude(apot5Magnitudes, -0),
    tie: "down",
    source: "Li et al. 2020 with 4 magnitude bits: {0,1/16,1/4,1} + {0,1/32,1/8,1/2}, /1.5",
    quirks: [codeOrder.replace("1000", "10000")],
  }),
]);

/** All sums, the index into the first set in the high bits. */
function sums(first: readonly number[], second: readonly number[]): number[] {
  return first.flatMap((a) => second.map((b) => a + b));
}
