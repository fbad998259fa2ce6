import { PUBLISHED, PUBLISHED_SOURCE } from "./published.ts";

/** A hardware figure that somebody else published. */
export interface PublishedFigure {
  /** What was built or computed. */
  design: string;
  quantity: string;
  value: number;
  unit: string;
  /** Node and conditions as far as stated. */
  technology: string;
  source: string;
  /** True: read in the source itself. False: from a secondary source or from memory. */
  verified: boolean;
  note?: string;
}

type Group = Omit<PublishedFigure, "design" | "value"> & { values: Record<string, number> };

const BITMOD = "BitMoD, HPCA 2025 (full text) and its simulator, repository yc2367/BitMoD-HPCA-25";
const HOROWITZ = "Horowitz, Computing's energy problem, ISSCC 2014; three secondary copies agree";
const AXCORE = "AxCore, MICRO 2025 (58th), artifact's CSV";
const FORMATSCOPE = "FormatScope, public repository, README";
const ALADDIN = "Aladdin (ISCA 2014), through Accelergy's plug-in tables";

const groups: readonly Group[] = [
  ...(["multiplierUm2", "accumulatorUm2", "macUm2"] as const).map((part) => ({
    quantity: `${part.slice(0, -3)} area`,
    unit: "um2",
    technology: "TSMC 28 nm, Synopsys DC, clock not stated",
    source: PUBLISHED_SOURCE,
    verified: true,
    values: Object.fromEntries(PUBLISHED.map((row) => [row.format, row[part]])),
  })),
  {
    quantity: "MAC power",
    unit: "uW",
    technology: "TSMC 28 nm, Synopsys DC, clock not stated",
    source: PUBLISHED_SOURCE,
    verified: true,
    values: Object.fromEntries(PUBLISHED.map((row) => [row.format, row.powerUw])),
  },
  {
    quantity: "area of the array",
    unit: "um2",
    technology: "28 nm",
    source: BITMOD,
    verified: true,
    values: { "FP16 baseline, 6x8 PEs": 95_498, "BitMoD, 8x8 PEs": 97_090, "BitMoD, encoder": 2419 },
  },
  {
    quantity: "power of the array",
    unit: "mW",
    technology: "28 nm",
    source: BITMOD,
    verified: true,
    values: { "FP16 baseline, 6x8 PEs": 36.96, "BitMoD, 8x8 PEs": 39.36 },
  },
  {
    quantity: "area of a processing element",
    unit: "um2",
    technology: "28 nm",
    source: BITMOD,
    verified: true,
    note: "synthesis; the simulator multiplies by 1.5 for place and route",
    values: { FP16: 1968.7, BitMoD: 1507.7, ANT: 1318.6, OliVe: 1318.6 },
  },
  {
    quantity: "energy of a processing element",
    unit: "pJ",
    technology: "28 nm",
    source: BITMOD,
    verified: true,
    values: { FP16: 0.77, BitMoD: 0.56, ANT: 0.56, OliVe: 0.613 },
  },
  {
    quantity: "area of a processing element, 4-bit weights × FP16",
    unit: "um2",
    technology: "28 nm class",
    source: AXCORE,
    verified: false,
    note: "a third party says that the CSV's columns are shifted by one",
    values: { FPE: 5053, FPMA: 2475, FIGLUT: 2101, FIGNA: 1325, AxCore: 1056 },
  },
  {
    quantity: "area of a processing element, 4-bit weights × BF16",
    unit: "um2",
    technology: "28 nm class",
    source: AXCORE,
    verified: false,
    note: "a third party says that the CSV's columns are shifted by one",
    values: { FPE: 4653, FPMA: 2504, FIGLUT: 1232, FIGNA: 1168, AxCore: 1125 },
  },
  {
    quantity: "gates over INT8",
    unit: "percent",
    technology: "not stated",
    source: "van Baalen et al., FP8 versus INT8 for efficient deep learning inference, 2023; secondary",
    verified: false,
    values: { "E4M3, fixed-point accumulator": 53, "E4M3, FP32 accumulator": 183 },
  },
  {
    quantity: "area of a 32-element dot product",
    unit: "um2",
    technology: "SKY130, Yosys default synthesis",
    source: FORMATSCOPE,
    verified: true,
    values: { INT4: 27_772, INT8: 98_811, FP8: 111_272, MXINT8: 109_630, MXFP4: 35_294 },
  },
  {
    quantity: "area times memory of an FP8 dot product over this one's",
    unit: "ratio",
    technology: "64-element units, scales of 16, sub-scales of 2",
    source: "Rouhani et al., With Shared Microexponents, ISCA 2023; structured notes",
    verified: false,
    values: { MX6: 2, MX4: 4 },
  },
  {
    quantity: "energy of an operation",
    unit: "pJ",
    technology: "45 nm, 0.9 V",
    source: HOROWITZ,
    verified: false,
    values: {
      "integer add, 8 bits": 0.03,
      "integer add, 16 bits": 0.05,
      "integer add, 32 bits": 0.1,
      "integer multiply, 8 bits": 0.2,
      "integer multiply, 32 bits": 3.1,
      "float add, 16 bits": 0.4,
      "float add, 32 bits": 0.9,
      "float multiply, 16 bits": 1.1,
      "float multiply, 32 bits": 3.7,
    },
  },
  {
    quantity: "energy of reading 64 bits",
    unit: "pJ",
    technology: "45 nm, 0.9 V",
    source: HOROWITZ,
    verified: false,
    values: { "8 KB cache": 10, "32 KB cache": 20, "1 MB cache": 100, "DRAM, low": 1300, "DRAM, high": 2600 },
  },
  {
    quantity: "area of an operation",
    unit: "um2",
    technology: "45 nm",
    source: "attributed to Horowitz, ISSCC 2014; not found in a copy",
    verified: false,
    values: {
      "integer add, 8 bits": 36,
      "integer add, 16 bits": 67,
      "integer add, 32 bits": 137,
      "integer multiply, 8 bits": 282,
      "integer multiply, 32 bits": 3495,
      "float add, 16 bits": 1360,
      "float add, 32 bits": 4184,
      "float multiply, 16 bits": 1640,
      "float multiply, 32 bits": 7700,
    },
  },
  {
    quantity: "area",
    unit: "um2",
    technology: "45 nm",
    source: ALADDIN,
    verified: true,
    note: "adder and multiplier: the smallest of several latencies",
    values: { "adder, 32 bits": 179, "multiplier, 32 bits": 4620, "register, 1 bit": 5.98 },
  },
  {
    quantity: "energy",
    unit: "pJ",
    technology: "45 nm",
    source: ALADDIN,
    verified: true,
    note: "adder and multiplier: the smallest of several latencies",
    values: { "adder, 32 bits": 0.086, "multiplier, 32 bits": 8.7, "register, 1 bit": 0.009 },
  },
  {
    quantity: "energy efficiency over FP16, FP8 and FP4 respectively",
    unit: "ratio of TOPS/W",
    technology: "35 000 MAC designs",
    source: "Crafton et al., DAC 2025, abstract",
    verified: true,
    values: { LNS16: 1.8, MXINT8: 2.2, VSQINT4: 1.9 },
  },
  {
    quantity: "area of a processing element",
    unit: "um2",
    technology: "not stated",
    source: "attributed to ANT (MICRO 2022) and OliVe (ISCA 2023); not found",
    verified: false,
    values: { ANT: 79.57, OliVe: 50.01 },
  },
];

/** Published hardware figures, the paper's Table 10 among them. None of ours; never to be mixed with ours in one frontier. */
export const PUBLISHED_FIGURES: readonly PublishedFigure[] = groups.flatMap(({ values, ...rest }) =>
  Object.entries(values).map(([design, value]) => ({ design, value, ...rest })),
);
