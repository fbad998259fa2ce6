import { type NamedFormat, type NamedFormatData, named } from "./namedFormat.ts";

const BTT = "Liu et al., ACL 2023; facebookresearch/Ternary_Binary_Transformer";
const LLMQAT = "Liu et al., ACL Findings 2024; facebookresearch/LLM-QAT";
const PARETOQ = "ParetoQ (arXiv 2502.02631); facebookresearch/ParetoQ";
const BITDISTILLER = "Du et al., ACL 2024; DD-DuDa/BitDistiller quantizer.py";

/** Weights with one, two or three bits whose scale is a statistic, and asymmetric or two-sided grids. */
export const statistics: readonly NamedFormat[] = [
  perRow({
    id: "twn",
    label: "Ternary Weight Networks",
    elements: ["int2"],
    rule: "twn",
    source: "Li and Liu 2016: ∆ = 0.7 mean|x|, s = mean of |x| > ∆",
    licence: null,
  }),
  named({
    id: "bitnet1.58",
    aliases: ["bitnet"],
    label: "BitNet b1.58",
    elements: ["int2"],
    group: "tensor",
    rule: "mean",
    source: "Ma et al. 2024 (arXiv 2402.17764): round(clip(x/mean|x|, ±1)), one scale per tensor",
    licence: "MIT",
    quirks: [
      "made for training; five trits fit a byte (1.6 bits), here a code has 2 bits",
      "the ε of 1e-5 in the divisor is left out",
    ],
  }),
  perRow({
    id: "btt-ternary",
    label: "Ternary Transformers, as in the code",
    elements: ["int2"],
    rule: "mean43",
    source: `${BTT}: 4/3 mean|x|`,
    licence: "CC BY-NC 4.0: formula only",
    quirks: ["the paper subtracts the mean: btt-ternary-paper"],
  }),
  perRow({
    id: "btt-ternary-paper",
    label: "Ternary Transformers, as in the paper",
    elements: ["int2"],
    rule: "mean43-centred",
    source: `${BTT}, equation for ternary weights`,
    licence: "CC BY-NC 4.0: formula only",
    quirks: ["the mean is taken away and not given back; the code leaves it out: btt-ternary"],
  }),
  perRow({
    id: "btt-binary",
    aliases: ["llmqat1"],
    label: "Binary Transformers, as in the code",
    elements: ["binary"],
    rule: "mean",
    tie: "up",
    source: `${BTT}: mean|x|·sign(x); LLM-QAT's one bit`,
    licence: "CC BY-NC 4.0: formula only",
    quirks: ["exact zeros become +s: sign(0) = 0 has no code"],
  }),
  perRow({
    id: "btt-binary-paper",
    label: "Binary Transformers, as in the paper",
    elements: ["binary"],
    rule: "mean-centred",
    tie: "up",
    source: `${BTT}, equation for binary weights`,
    licence: "CC BY-NC 4.0: formula only",
    quirks: ["the mean is taken away and not given back"],
  }),
  perRow({
    id: "llmqat2",
    label: "LLM-QAT, 2 bits",
    elements: ["seq2"],
    rule: "mean2",
    source: `${LLMQAT}: s = 2 mean|x|`,
    licence: "CC BY-NC 4.0: formula only",
  }),
  perRow({
    id: "llmqat4",
    label: "LLM-QAT, 4 bits",
    elements: ["int4"],
    rule: "llmqat",
    source: `${LLMQAT}: divides and multiplies by scales that differ by two 1e-6`,
    licence: "CC BY-NC 4.0: formula only",
  }),
  perRow({
    id: "paretoq2",
    aliases: ["seq-2bit"],
    label: "ParetoQ, 2 bits (SEQ)",
    elements: ["seq2"],
    rule: "unit",
    source: PARETOQ,
    licence: "CC BY-NC 4.0: formula only",
    quirks: ["no zero", "the scale is learned in training; this is its start"],
  }),
  perRow({
    id: "paretoq1.58",
    aliases: ["seq-ternary"],
    label: "ParetoQ, ternary (SEQ)",
    elements: ["seq3"],
    rule: "unit",
    source: PARETOQ,
    licence: "CC BY-NC 4.0: formula only",
    quirks: ["the scale is learned in training; this is its start"],
  }),
  named({
    id: "n2f3",
    label: "BitDistiller N2F3: NF3 with a scale for each side",
    elements: ["nf3"],
    group: 128,
    rule: "twosided",
    tie: "up",
    source: BITDISTILLER,
    licence: "MIT",
    quirks: ["the published table has 7 digits"],
  }),
  named({
    id: "bitdistiller-int2",
    label: "BitDistiller INT2, asymmetric",
    elements: ["uint2"],
    group: 128,
    rule: "minmax",
    tie: "away",
    source: BITDISTILLER,
    licence: "MIT",
    quirks: ["a group without sign change may lose its far end: the zero point stays within the grid"],
  }),
  named({
    id: "bitdistiller-int3",
    label: "BitDistiller INT3, asymmetric",
    elements: ["uint3"],
    group: 128,
    rule: "minmax",
    tie: "away",
    source: BITDISTILLER,
    licence: "MIT",
    quirks: ["a group without sign change may lose its far end: the zero point stays within the grid"],
  }),
  ...[
    ["e2m1", "E2M1"],
    ["e3m0", "E3M0"],
    ["e1m2", "E1M2"],
  ].map(([element, label]) =>
    perRow({
      id: `llmfp4-${element}`,
      aliases: [`fpq-${element}`],
      label: `LLM-FP4 ${label}, real-valued exponent bias`,
      elements: [element!],
      store: "fp32",
      source:
        "Liu et al., EMNLP 2023; nbasyl/LLM-FP4: bias 2^E − log2 max + log2(2 − 2^−M) − 1 is this scale's logarithm",
      licence: "MIT",
      quirks: ["the bias at max|x|, where LLM-FP4's search for it begins"],
    }),
  ),
];

function perRow(data: Omit<NamedFormatData, "group">): NamedFormat {
  return named({ group: "row", ...data });
}
