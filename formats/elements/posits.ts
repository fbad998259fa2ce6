import type { AboutFamily } from "../about.ts";
import type { ElementData } from "../element.ts";
import { fixedFamily } from "./family.ts";

/** posit(4, es): regime, es exponent bits; negative codes are the two's complement of positive ones, 1000 is NaR. */
export const posits = fixedFamily([
  posit4(0, [1 / 4, 1 / 2, 3 / 4, 1, 3 / 2, 2, 4]),
  posit4(1, [1 / 16, 1 / 4, 1 / 2, 1, 2, 4, 16]),
  posit4(2, [1 / 256, 1 / 16, 1 / 4, 1, 4, 16, 256]),
]);

function posit4(exponentBits: number, positive: readonly number[]): ElementData {
  return {
    id: `posit4_${exponentBits}`,
    family: "posit",
    bits: 4,
    codes: [0, ...positive, null, ...positive.map((value) => -value).reverse()],
    tie: "even",
  };
}

export const aboutPosits: AboutFamily = {
  grammar: "`posit4_ES`, ES = 0, 1, 2 exponent bits",
  about: ({ id, family }) =>
    family !== "posit"
      ? undefined
      : {
          label: `posit(4, ${id.at(-1)})`,
          source: "derived: posit standard, 4 bits",
          quirks: [
            "1000 is NaR",
            "rounded here to the nearest value; the posit standard rounds in the bit string and never to 0",
          ],
        },
};
