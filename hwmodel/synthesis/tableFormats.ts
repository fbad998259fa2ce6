import { defaultSweepElements } from "../../formats/index.ts";

/** Elements whose MACs (an element times itself) the committed table holds besides those of the default sweep. */
const MORE = ["e1m2", "int6", "int8", "e3m2", "e4m3", "e5m2"];

/** Weight formats times INT8 activations, and mixed floats. */
const MIXED: readonly (readonly [string, string])[] = [
  ...["int3", "int4", "e2m1", "e2m1+sr", "e2m1+sp", "e3m0", "apot4", "apot4+sp", "nf4", "sf4"].map(
    (id) => [id, "int8"] as const,
  ),
  ["e2m1", "int4"],
  ["e2m1", "e4m3"],
];

/** Pairs of (weight, activation) elements in the committed table of synthesized MACs. */
export const TABLE_PAIRS: readonly (readonly [string, string])[] = [
  ...[...defaultSweepElements, ...MORE].map((id) => [id, id] as const),
  ...MIXED,
];

/** Libraries in the table: the gate-equivalent one, a predictive 7 nm and a manufactured 130 nm. */
export const TABLE_LIBRARIES: readonly string[] = ["generic", "asap7", "sky130"];
