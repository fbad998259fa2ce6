import { defaultSweepElements } from "../../formats/index.ts";

/** Elements whose MACs (an element times itself) the committed table holds besides those of the default sweep. */
const MORE = ["e1m2", "int6", "int8", "e3m2", "e4m3", "e5m2"];

/** Mixed pairs besides the default sweep's weights times INT8. */
const MIXED: readonly (readonly [string, string])[] = [
  ["e2m1", "int4"],
  ["e2m1", "e4m3"],
];

/** Pairs of (weight, activation) elements in the committed table of synthesized MACs. */
export const TABLE_PAIRS: readonly (readonly [string, string])[] = [
  ...[...defaultSweepElements, ...MORE].map((id) => [id, id] as const),
  ...defaultSweepElements.map((id) => [id, "int8"] as const),
  ...MIXED,
];

/** Libraries in the table: the gate-equivalent one, a predictive 7 nm and a manufactured 130 nm. */
export const TABLE_LIBRARIES: readonly string[] = ["generic", "asap7", "sky130"];
