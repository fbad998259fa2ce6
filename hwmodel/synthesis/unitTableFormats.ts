import type { LookupTable } from "../rtl/index.ts";
import type { Unit } from "../unit.ts";

/** One circuit of the committed table of units. */
export interface TabledUnit {
  weight: string;
  activation: string;
  unit: Unit;
  table?: LookupTable;
}

const FLOAT_MAC: Unit = { elements: 1, accumulator: "float32", scaled: false };
const dot = (elements: number): Unit => ({ elements, accumulator: "exact", scaled: false });
const block = (elements: number): Unit => ({ elements, accumulator: "float32", scaled: true });

const own = (unit: Unit, ids: readonly string[]) => ids.map((id): TabledUnit => ({ weight: id, activation: id, unit }));
const times = (activation: string, unit: Unit, ids: readonly string[]) =>
  ids.map((weight): TabledUnit => ({ weight, activation, unit }));

/** In every library: what the others are compared with. */
const EVERYWHERE: readonly TabledUnit[] = [
  ...own(block(32), ["mxfp4"]),
  ...own(block(16), ["nvfp4"]),
  ...own(dot(32), ["int4", "e2m1"]),
  ...times("fp16", FLOAT_MAC, ["int4", "e2m1"]),
];

const GENERIC_ONLY: readonly TabledUnit[] = [
  ...own(block(32), ["mxfp6_e2m3", "mxfp6_e3m2", "mxfp8_e4m3", "mxint8"]),
  ...own(block(16), ["if4", "razer4"]),
  ...times("int8@tensor", block(32), ["int4@g32", "e2m1@g32", "e2m1+sr@g32", "sf4@g32", "nf4@g32", "bitmod4@g32"]),
  ...own(dot(32), ["e2m1+sr", "e2m1+sp", "apot4", "e3m0", "int8"]),
  ...times("int8", dot(32), ["int4", "e2m1", "sf4", "bitmod4", "if4"]),
  ...own(dot(8), ["int4", "e2m1"]),
  ...own(FLOAT_MAC, ["int4", "int8", "e2m1", "e4m3", "e5m2", "bf16"]),
  ...times("bf16", FLOAT_MAC, ["int4", "e2m1", "sf4"]),
  ...times("fp16", FLOAT_MAC, ["fp16", "int3", "int5", "int8", "nf4", "sf4"]),
  ...times("fp16", FLOAT_MAC, ["e2m1+sr", "e2m1+sp", "e3m0", "apot4", "e2m2", "e2m3"]),
  ...["nf4", "sf4"].flatMap((id): TabledUnit[] => [
    { weight: id, activation: "fp16", unit: FLOAT_MAC, table: "fp16" },
    { weight: id, activation: id, unit: FLOAT_MAC, table: "fp16" },
  ]),
];

/** Units of the committed table by library. */
export const TABLED_UNITS: readonly { library: string; units: readonly TabledUnit[] }[] = [
  { library: "generic", units: [...EVERYWHERE, ...GENERIC_ONLY] },
  { library: "asap7", units: EVERYWHERE },
  { library: "sky130", units: EVERYWHERE },
];
