import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../evaluate/model/index.ts";
import { libraryById } from "../../hwmodel/libraries/index.ts";
import { type MacReference, type Netlist, readYosysJson } from "../../hwmodel/netlist/index.ts";

export function goldenText(name: string, library: string): string {
  return readFileSync(join(packageRoot(), "test", "golden", "netlists", `${name}.${library}.golden.json`), "utf8");
}

/** A netlist of test/golden/netlists. */
export function golden(name: string, library: string): Netlist {
  return readYosysJson(goldenText(name, library), libraryById(library));
}

const INT4 = [0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1];
/** In halves. */
const E2M1 = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

export const int4: MacReference = (w, a) => INT4[w]! * INT4[a]!;
export const e2m1: MacReference = (w, a) => E2M1[w]! * E2M1[a]!;
