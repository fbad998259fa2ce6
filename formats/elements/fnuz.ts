import type { AboutFamily } from "../about.ts";
import type { ElementData } from "../element.ts";
import { fixedFamily } from "./family.ts";
import { minifloatMagnitudes } from "./minifloats.ts";

const BIASES: Readonly<Record<string, number>> = { e4m3fnuz: 8, e5m2fnuz: 16 };

/** 8-bit floats of AMD and Graphcore: finite, one zero, NaN in the place of −0, and the bias one higher than OCP's. */
export const fnuz = fixedFamily(Object.keys(BIASES).map(make));

function make(id: string): ElementData {
  const magnitudes = minifloatMagnitudes(Number(id[1]), Number(id[3]), BIASES[id]);
  return {
    id,
    aliases: [`fp8_${id}`],
    family: "float",
    bits: 8,
    codes: [...magnitudes, ...magnitudes.map((value) => (value === 0 ? null : -value))],
    tie: "even",
  };
}

export const aboutFnuz: AboutFamily = {
  grammar: "`e4m3fnuz`, `e5m2fnuz` (no infinity, no −0)",
  about: ({ id, values }) =>
    BIASES[id] === undefined
      ? undefined
      : {
          label: `FP8 ${id.slice(0, 4).toUpperCase()}FNUZ`,
          source: "Noune et al. 2022 (arXiv 2206.02915); StableHLO RFC; ml_dtypes float8_…fnuz",
          quirks: [
            `bias ${BIASES[id]}; 10000000 is the only NaN; largest value ${values.at(-1)}, overflow saturates here`,
          ],
        },
};
