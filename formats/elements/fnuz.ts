import { type Element, element } from "../element.ts";
import { fixedFamily } from "./family.ts";
import { minifloatMagnitudes } from "./minifloats.ts";

/** 8-bit floats of AMD and Graphcore: finite, one zero, NaN in the place of −0, and the bias one higher than OCP's. */
export const fnuz = fixedFamily("`e4m3fnuz`, `e5m2fnuz` (no infinity, no −0)", [make(4, 3, 8), make(5, 2, 16)]);

function make(exponentBits: number, mantissaBits: number, bias: number): Element {
  const magnitudes = minifloatMagnitudes(exponentBits, mantissaBits, bias);
  const id = `e${exponentBits}m${mantissaBits}fnuz`;
  return element({
    id,
    aliases: [`fp8_${id}`],
    label: `FP8 ${id.slice(0, 4).toUpperCase()}FNUZ`,
    family: "float",
    bits: 8,
    codes: [...magnitudes, ...magnitudes.map((value) => (value === 0 ? null : -value))],
    tie: "even",
    source: "Noune et al. 2022 (arXiv 2206.02915); StableHLO RFC; ml_dtypes float8_…fnuz",
    quirks: [`bias ${bias}; 10000000 is the only NaN; largest value ${magnitudes.at(-1)}, overflow saturates here`],
  });
}
