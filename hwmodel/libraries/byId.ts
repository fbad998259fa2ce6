import { UserError } from "../../formats/error.ts";
import { asap7 } from "./asap7.ts";
import type { CellLibrary } from "./cell.ts";
import { generic } from "./generic.ts";
import { gf180 } from "./gf180.ts";
import { ihp130 } from "./ihp130.ts";
import { sky130 } from "./sky130.ts";

/** The cell libraries that come with the package. */
export const LIBRARIES: readonly CellLibrary[] = [generic, asap7, sky130, gf180, ihp130];

/** Throws UserError naming the known libraries. */
export function libraryById(id: string): CellLibrary {
  const found = LIBRARIES.find((library) => library.id === id);
  if (!found) throw new UserError(`library ${id}: unknown; known are ${LIBRARIES.map((l) => l.id).join(", ")}`);
  return found;
}
