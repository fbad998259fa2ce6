import type { About } from "../about.ts";
import { type NamedFormat, named } from "./namedFormat.ts";

/** Blocks with ordinary or nested scales that have a name of their own. */
export const nested: readonly NamedFormat[] = [
  named({
    id: "nf4-dq",
    aliases: ["qlora", "nf4-double-quant"],
    elements: ["nf4"],
    group: 64,
    store: "dyn8-256",
    tie: "down",
  }),
  named({
    id: "vsquant4",
    aliases: ["vs-quant4"],
    elements: ["int4"],
    group: 16,
    store: "int8-row",
  }),
  named({
    id: "gguf-q4_0",
    aliases: ["q4_0"],
    elements: ["int4-full"],
    group: 32,
    rule: "signedmax",
    store: "fp16-exact",
    tie: "up",
  }),
  named({
    id: "gguf-q4_1",
    aliases: ["q4_1"],
    elements: ["uint4"],
    group: 32,
    rule: "affine",
    store: "fp16-exact",
    tie: "up",
  }),
  named({
    id: "gguf-q8_0",
    aliases: ["q8_0"],
    elements: ["int8"],
    group: 32,
    store: "fp16-exact",
    tie: "away",
  }),
  named({
    id: "gguf-iq4_nl",
    elements: ["iq4_nl"],
    group: 32,
    rule: "signedmax",
    tie: "down",
  }),
  named({
    id: "gguf-iq4_xs",
    aliases: ["iq4_xs"],
    elements: ["iq4_nl"],
    group: 32,
    rule: "signedmax",
    store: "int6-8",
    tie: "down",
  }),
  named({
    id: "hif4",
    aliases: ["hifloat4", "hifx4"],
    elements: ["s1p2"],
    group: 64,
    tie: "away",
    store: "e6m2",
    coder: "hif4",
  }),
  named({
    id: "olive4",
    aliases: ["olive"],
    elements: ["int4"],
    group: "row",
    store: "fp32",
    tie: "up",
    coder: "olive",
  }),
];

export function aboutNested(id: string): About | undefined {
  return words()[id];
}

function words(): Readonly<Record<string, About>> {
  const GGML = "ggml (llama.cpp)";
  return {
    "nf4-dq": {
      label: "NF4 with double quantization (QLoRA)",
      source:
        "Dettmers et al. 2023; bitsandbytes: scales minus their mean in the 8-bit dynamic map, blocks of 256 under one fp32",
      licence: "MIT",
      quirks: ["codes follow from the exact scale, decoding uses the stored one, as in bitsandbytes"],
    },
    vsquant4: {
      label: "VS-Quant: INT4 vectors of 16 with integer scales under one per row",
      source: "Dai et al., MLSys 2021 (VS-Quant)",
      licence: null,
      quirks: ["narrower vector scales: vsquant4:int6-row, vsquant4:int4-row"],
    },
    "gguf-q4_0": {
      label: "ggml Q4_0",
      source: `${GGML} quantize_row_q4_0_ref: d = max/−8, round half up`,
      licence: "MIT",
    },
    "gguf-q4_1": {
      label: "ggml Q4_1",
      source: `${GGML} quantize_row_q4_1_ref: d = (max − min)/15, m = min, both fp16`,
      licence: "MIT",
    },
    "gguf-q8_0": {
      label: "ggml Q8_0",
      source: `${GGML} quantize_row_q8_0_ref: d = max|x|/127, roundf`,
      licence: "MIT",
    },
    "gguf-iq4_nl": {
      label: "ggml IQ4_NL",
      source: `${GGML} kvalues_iq4nl, one fp16 per 32`,
      licence: "MIT",
      quirks: [
        "ggml refines the scale by a search weighted with x² or an importance matrix; here it maps the largest value to −127",
      ],
    },
    "gguf-iq4_xs": {
      label: "ggml IQ4_XS",
      source: `${GGML}: superblocks of 256, a 6-bit signed scale per 32 under one fp16`,
      licence: "MIT",
      quirks: ["scale search as for iq4_nl not included", "a row's tail shares its superblock with the next row"],
    },
    hif4: {
      label: "HiFloat4: E6M2 scale and two levels of micro-exponents over 64 numbers",
      source: "HiFloat4 (arXiv); ddddwee1/HiFloat4 hifx.py: scale bf16(max|x|/7) to E6M2, 8 × 1 and 16 × 1 bits",
      licence: "Apache-2.0",
      quirks: ["the reference multiplies by the bf16 reciprocal of the scale, and so does this"],
    },
    olive4: {
      label: "OliVe: INT4 with outlier–victim pairs",
      source:
        "Guo et al., ISCA 2023; clevercool/ANT-Quantization olive_quantization: an outlier (abfloat E2M1, ±48 … ±384 where int4 ends at ±28) takes its neighbour's code",
      licence: "no licence file: values and rules only",
      quirks: [
        "of two outliers in a pair the first stays, the other becomes 0",
        "the scale is the best of 38 around 3σ, by squared error per row",
        "the flint variant of the normal values is not included",
      ],
    },
  };
}
