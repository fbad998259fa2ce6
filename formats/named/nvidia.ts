import type { About } from "../about.ts";
import { extraBits, type NamedFormat, named, signBit } from "./namedFormat.ts";

const WEIGHTS = ["e2m1+sp5", "e2m1+sp-5", "e2m1+sp8", "e2m1+sp-8"];

/** NVFP4 and what shares its layout: blocks of 16, an 8-bit scale under one fp32 per tensor. */
export const nvidia: readonly NamedFormat[] = [
  named({ id: "nvfp4", elements: ["e2m1"], group: 16, store: "e4m3-tensor" }),
  named({
    id: "fouroversix",
    aliases: ["4over6", "nvfp4-4over6"],
    elements: ["e2m1"],
    selector: {
      objective: "mse",
      bits: 0,
      where: "nowhere: decoding does not depend on it",
      targets: [6, 4],
    },
    group: 16,
    store: "e4m3-tensor256",
  }),
  ifFormat("if4", ["e2m1", "if4-int"]),
  ifFormat("if3", ["e2m0", "if3-int"]),
  ifFormat("if6_e2m3", ["e2m3", "if6-int"], "if6"),
  ifFormat("if6_e3m2", ["e3m2", "if6-int-e3m2"]),
  razer({ id: "razer4", elements: WEIGHTS, selector: extraBits(2), store: "e3m3-tensor" }),
  razer({ id: "razer4-code", elements: WEIGHTS, selector: extraBits(2), store: "e4m3-tensor28" }),
  razer({ id: "razer4-a", elements: ["e2m1+sp5", "e2m1+sp-5"], selector: signBit, store: "e4m3-tensor" }),
];

function ifFormat(id: string, elements: readonly string[], ...aliases: string[]): NamedFormat {
  return named({ id, aliases, elements, selector: signBit, group: 16, store: "e4m3-tensor" });
}

function razer(data: Pick<NamedFormat, "id" | "elements" | "selector" | "store">): NamedFormat {
  return named({ ...data, group: 16, rule: "maxabs", tie: "down" });
}

export function aboutNvidia(id: string): About | undefined {
  return words()[id];
}

function words(): Readonly<Record<string, About>> {
  const FOUR_OVER_SIX = "mit-han-lab/fouroversix";
  const aboutIf = {
    source: `arXiv 2603.28765; ${FOUR_OVER_SIX}: sign 0 of the block's scale means float, 1 integer; least error`,
    licence: "MIT",
    quirks: ["hardware multiplies plain integers; the factor goes into the product of the scales"],
  };
  const aboutRazer = {
    source: "arXiv 2501.04052; abdelfattah-lab/NVFP4-RaZeR",
    licence: "MIT; its README states a patent application by Cornell",
  };
  return {
    nvfp4: {
      label: "NVIDIA FP4",
      source:
        "NVIDIA; fouroversix reference.py, RaZeR: fp32 max|X|/(6·448) per tensor, E4M3 (max|x|/6 of it, at least 2^−9) per block",
      licence: "open format",
      quirks: ["the sign bit of the block scale is unused"],
    },
    fouroversix: {
      label: "Four-over-Six: NVFP4, each block's largest value at 6 or at 4",
      source: `arXiv 2512.02010; ${FOUR_OVER_SIX}: the tensor's scale uses 256 in place of 448; 4 only if strictly better`,
      licence: "MIT",
      quirks: [
        "published variants of the choice: fouroversix:mse (default), :mae, :maxerr (`absmax` there)",
        "RaZeR's copy keeps 448, where the scale of a block at 4 saturates: fouroversix:e4m3-tensor",
        "decoded as nvfp4",
      ],
    },
    if4: { ...aboutIf, label: "IF4: E2M1 or INT4·6/7" },
    if3: { ...aboutIf, label: "IF3: E2M0 or INT3·4/3" },
    if6_e2m3: { ...aboutIf, label: "IF6: E2M3 or INT6·7.5/31" },
    if6_e3m2: { ...aboutIf, label: "IF6: E3M2 or INT6·28/31" },
    razer4: {
      ...aboutRazer,
      label: "RaZeR for weights: E2M1 with −0 as +5, −5, +8 or −8",
      quirks: [
        "two spare bits beside the 6-bit block scale hold the choice: 4.5 bits in all",
        "the published code rounds scales to E4M3 between 2^−5 and 28, which needs 7 bits: razer4-code",
        "the second pair may be tuned for a model (there --w_outlier)",
      ],
    },
    "razer4-code": {
      ...aboutRazer,
      label: "RaZeR for weights, with the block scales of its code",
      quirks: ["quant_nvfp4_razer_e3m3 casts to float8_e4m3fn, so a scale takes 80 numbers: 7 bits, not the paper's 6"],
    },
    "razer4-a": {
      ...aboutRazer,
      label: "RaZeR for activations: E2M1 with −0 as +5 or −5",
      quirks: ["the sign bit of the E4M3 scale holds the choice"],
    },
  };
}
