import type { About } from "../about.ts";
import { extraBits, type NamedFormat, named } from "./namedFormat.ts";

/** Families of codebooks from which each group takes one. */
export const families: readonly NamedFormat[] = [
  named({
    id: "bitmod4",
    elements: ["e2m1+sp5", "e2m1+sp-5", "e2m1+sp8", "e2m1+sp-8"],
    selector: extraBits(2),
    group: 128,
    rule: "maxabs",
    store: "int8-row",
    tie: "down",
  }),
  named({
    id: "bitmod3",
    elements: ["e2m0+sp3", "e2m0+sp-3", "e2m0+sp6", "e2m0+sp-6"],
    selector: extraBits(2),
    group: 128,
    rule: "maxabs",
    store: "int8-row",
    tie: "down",
  }),
  named({
    id: "bitmod4-er",
    aliases: ["fp4-er"],
    elements: ["e2m1+sp5", "e2m1+sp-5"],
    selector: extraBits(1),
    group: 128,
    rule: "maxabs",
    store: "int8-row",
    tie: "down",
  }),
  named({
    id: "bitmod4-ea",
    aliases: ["fp4-ea"],
    elements: ["e2m1+sp8", "e2m1+sp-8"],
    selector: extraBits(1),
    group: 128,
    rule: "maxabs",
    store: "int8-row",
    tie: "down",
  }),
  named({
    id: "ant4",
    elements: ["int4", "e3m0", "flint4", "e2m1"],
    selector: extraBits(2),
    group: "row",
    rule: "antgrid",
    tie: "up",
  }),
  named({
    id: "ant3",
    elements: ["int3", "e2m0"],
    selector: extraBits(1),
    group: "row",
    rule: "antgrid",
    tie: "up",
  }),
  named({
    id: "blockdialect4",
    aliases: ["dialectfp4"],
    elements: Array.from({ length: 16 }, (_, i) => `dialect${i}`),
    selector: extraBits(4),
    group: 32,
    rule: "floor",
    store: "e5m0",
  }),
];

export function aboutFamilies(id: string): About | undefined {
  return words()[id];
}

function words(): Readonly<Record<string, About>> {
  const BITMOD = "arXiv 2411.11745 (HPCA 2025); yc2367/BitMoD-HPCA-25";
  const bitmodQuirks = [
    "the paper stores scales as 8-bit integers under one fp16 per row; its code leaves them in fp16: option :fp16",
    "the code computes in float16 throughout, here arithmetic is float32",
  ];
  return {
    bitmod4: {
      label: "BitMoD FP4: E2M1 and one of +5, −5, +8, −8",
      source: BITMOD,
      licence: "MIT",
      quirks: bitmodQuirks,
    },
    bitmod3: {
      label: "BitMoD FP3: 0, ±1, ±2, ±4 and one of +3, −3, +6, −6",
      source: BITMOD,
      licence: "MIT",
      quirks: bitmodQuirks,
    },
    "bitmod4-er": {
      label: "BitMoD's extra resolution alone: E2M1 and +5 or −5",
      source: `${BITMOD}, ablation`,
      licence: "MIT",
      quirks: bitmodQuirks,
    },
    "bitmod4-ea": {
      label: "BitMoD's extra asymmetry alone: E2M1 and +8 or −8",
      source: `${BITMOD}, ablation`,
      licence: "MIT",
      quirks: bitmodQuirks,
    },
    ant4: {
      label: "ANT: INT4, POT4, flint4 or FP4 for each row",
      source: "Guo et al., MICRO 2022; clevercool/ANT-Quantization: type and clip ratio of least squared error per row",
      licence: "no licence file: values and rules only",
      quirks: [
        "pot is 0, 1, 2, 4 … 64, the shape of e3m0",
        "the paper chooses one type for a tensor: ant4@tensor; int and flint alone are its usual pair",
      ],
    },
    ant3: {
      label: "ANT: INT3 or flint3 (= POT3) for each row",
      source: "Guo et al., MICRO 2022; clevercool/ANT-Quantization",
      licence: "no licence file: values and rules only",
    },
    blockdialect4: {
      label: "BlockDialect DialectFP4: one of sixteen FP4 dialects a block",
      source: "arXiv 2501.01144v5: shared exponent of max|x| minus 2, dialect of least squared error (weights)",
      licence: null,
      quirks: [
        "dialects through a third party's codec, not checked against the paper",
        "the paper's two-stage choice for activations is not included",
      ],
    },
  };
}
