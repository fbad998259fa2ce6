import type { About } from "../about.ts";
import { type NamedFormat, type NamedFormatData, named } from "./namedFormat.ts";

/** Weights with one, two or three bits whose scale is a statistic, and asymmetric or two-sided grids. */
export const statistics: readonly NamedFormat[] = [
  perRow({
    id: "twn",
    elements: ["int2"],
    rule: "twn",
  }),
  named({
    id: "bitnet1.58",
    aliases: ["bitnet"],
    elements: ["int2"],
    group: "tensor",
    rule: "mean",
  }),
  perRow({
    id: "btt-ternary",
    elements: ["int2"],
    rule: "mean43",
  }),
  perRow({
    id: "btt-ternary-paper",
    elements: ["int2"],
    rule: "mean43-centred",
  }),
  perRow({
    id: "btt-binary",
    aliases: ["llmqat1"],
    elements: ["binary"],
    rule: "mean",
    tie: "up",
  }),
  perRow({
    id: "btt-binary-paper",
    elements: ["binary"],
    rule: "mean-centred",
    tie: "up",
  }),
  perRow({
    id: "llmqat2",
    elements: ["seq2"],
    rule: "mean2",
  }),
  perRow({
    id: "llmqat4",
    elements: ["int4"],
    rule: "llmqat",
  }),
  perRow({
    id: "paretoq2",
    aliases: ["seq-2bit"],
    elements: ["seq2"],
    rule: "unit",
  }),
  perRow({
    id: "paretoq1.58",
    aliases: ["seq-ternary"],
    elements: ["seq3"],
    rule: "unit",
  }),
  named({
    id: "n2f3",
    elements: ["nf3"],
    group: 128,
    rule: "twosided",
    tie: "up",
  }),
  named({
    id: "bitdistiller-int2",
    elements: ["uint2"],
    group: 128,
    rule: "minmax",
    tie: "away",
  }),
  named({
    id: "bitdistiller-int3",
    elements: ["uint3"],
    group: 128,
    rule: "minmax",
    tie: "away",
  }),
  ...["e2m1", "e3m0", "e1m2"].map((element) =>
    perRow({ id: `llmfp4-${element}`, aliases: [`fpq-${element}`], elements: [element], store: "fp32" }),
  ),
];

function perRow(data: Omit<NamedFormatData, "group">): NamedFormat {
  return named({ group: "row", ...data });
}

export function aboutStatistics(id: string): About | undefined {
  const element = /^llmfp4-(.*)/.exec(id)?.[1];
  return element === undefined
    ? words()[id]
    : { ...llmFp4, label: `LLM-FP4 ${element.toUpperCase()}, real-valued exponent bias` };
}

const llmFp4 = {
  source: "Liu et al., EMNLP 2023; nbasyl/LLM-FP4: bias 2^E − log2 max + log2(2 − 2^−M) − 1 is this scale's logarithm",
  licence: "MIT",
  quirks: ["the bias at max|x|, where LLM-FP4's search for it begins"],
};

function words(): Readonly<Record<string, About>> {
  const BTT = "Liu et al., ACL 2023; facebookresearch/Ternary_Binary_Transformer";
  const LLMQAT = "Liu et al., ACL Findings 2024; facebookresearch/LLM-QAT";
  const PARETOQ = "ParetoQ (arXiv 2502.02631); facebookresearch/ParetoQ";
  const BITDISTILLER = "Du et al., ACL 2024; DD-DuDa/BitDistiller quantizer.py";
  return {
    twn: {
      label: "Ternary Weight Networks",
      source: "Li and Liu 2016: ∆ = 0.7 mean|x|, s = mean of |x| > ∆",
      licence: null,
    },
    "bitnet1.58": {
      label: "BitNet b1.58",
      source: "Ma et al. 2024 (arXiv 2402.17764): round(clip(x/mean|x|, ±1)), one scale per tensor",
      licence: "MIT",
      quirks: [
        "made for training; five trits fit a byte (1.6 bits), here a code has 2 bits",
        "the ε of 1e-5 in the divisor is left out",
      ],
    },
    "btt-ternary": {
      label: "Ternary Transformers, as in the code",
      source: `${BTT}: 4/3 mean|x|`,
      licence: "CC BY-NC 4.0: formula only",
      quirks: ["the paper subtracts the mean: btt-ternary-paper"],
    },
    "btt-ternary-paper": {
      label: "Ternary Transformers, as in the paper",
      source: `${BTT}, equation for ternary weights`,
      licence: "CC BY-NC 4.0: formula only",
      quirks: ["the mean is taken away and not given back; the code leaves it out: btt-ternary"],
    },
    "btt-binary": {
      label: "Binary Transformers, as in the code",
      source: `${BTT}: mean|x|·sign(x); LLM-QAT's one bit`,
      licence: "CC BY-NC 4.0: formula only",
      quirks: ["exact zeros become +s: sign(0) = 0 has no code"],
    },
    "btt-binary-paper": {
      label: "Binary Transformers, as in the paper",
      source: `${BTT}, equation for binary weights`,
      licence: "CC BY-NC 4.0: formula only",
      quirks: ["the mean is taken away and not given back"],
    },
    llmqat2: {
      label: "LLM-QAT, 2 bits",
      source: `${LLMQAT}: s = 2 mean|x|`,
      licence: "CC BY-NC 4.0: formula only",
    },
    llmqat4: {
      label: "LLM-QAT, 4 bits",
      source: `${LLMQAT}: divides and multiplies by scales that differ by two 1e-6`,
      licence: "CC BY-NC 4.0: formula only",
    },
    paretoq2: {
      label: "ParetoQ, 2 bits (SEQ)",
      source: PARETOQ,
      licence: "CC BY-NC 4.0: formula only",
      quirks: ["no zero", "the scale is learned in training; this is its start"],
    },
    "paretoq1.58": {
      label: "ParetoQ, ternary (SEQ)",
      source: PARETOQ,
      licence: "CC BY-NC 4.0: formula only",
      quirks: ["the scale is learned in training; this is its start"],
    },
    n2f3: {
      label: "BitDistiller N2F3: NF3 with a scale for each side",
      source: BITDISTILLER,
      licence: "MIT",
      quirks: ["the published table has 7 digits"],
    },
    "bitdistiller-int2": {
      label: "BitDistiller INT2, asymmetric",
      source: BITDISTILLER,
      licence: "MIT",
      quirks: ["a group without sign change may lose its far end: the zero point stays within the grid"],
    },
    "bitdistiller-int3": {
      label: "BitDistiller INT3, asymmetric",
      source: BITDISTILLER,
      licence: "MIT",
      quirks: ["a group without sign change may lose its far end: the zero point stays within the grid"],
    },
  };
}
