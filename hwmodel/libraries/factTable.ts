import type { Cell, CellLibrary, Register } from "./cell.ts";
import { parseLogic } from "./logic.ts";
import { rolesOf } from "./roles.ts";

/** What a flip-flop's row needs besides: energy per clock cycle in fJ (null: not in the library) and the `ff` group. */
export interface RegisterFacts extends Omit<Register, "nextLogic" | "ties"> {
  clockFj: number | null;
  ties?: Register["ties"];
}

export type LibraryFacts = Pick<CellLibrary, "id" | "label" | "source" | "licence" | "areaUnit" | "voltage">;

type Fields = [figures: string, inputs: string, outputs: string];
type Figures = [area: number, leakageNw: number, intrinsicPs: number, psPerFf: number, internalFj: number];

/**
 * A library from its fact file, a line a cell: name, area, leakage nW, intrinsic delay ps, ps/fF, internal fJ per output
 * transition | input pins with their capacitance in fF | outputs and functions, separated by semicolons. `registers` are
 * keyed by cell name.
 */
export function libraryFromFacts(
  facts: LibraryFacts,
  table: string,
  registers: Readonly<Record<string, RegisterFacts>>,
): CellLibrary {
  const cells = table
    .trim()
    .split("\n")
    .map((line): Cell => {
      const [, figures, inputs, outputs] = /^(.+?) \| (.+?) \| (.+)$/.exec(line) as unknown as [string, ...Fields];
      const [name, ...numbers] = figures.split(" ") as [string, ...string[]];
      const [area, leakageNw, intrinsicPs, psPerFf, internalFj] = numbers.map(Number) as Figures;
      const found = registers[name];
      return {
        name,
        area,
        leakageNw,
        intrinsicPs,
        psPerFf,
        slew: null,
        internalFj,
        clockFj: found?.clockFj ?? null,
        inputs: [...inputs.matchAll(/(\w+) ([\d.]+)/g)].map((m) => ({ name: m[1]!, capFf: Number(m[2]) })),
        outputs: outputPins(outputs, name),
        register: found ? registerOf(found, name) : null,
      };
    });
  return completeLibrary(facts, cells);
}

export function outputPins(text: string, cell: string): Cell["outputs"] {
  return text.split(";").map((output) => {
    const [pin, body] = output.split(":").map((part) => part.trim()) as [string, string];
    return { name: pin, function: body, logic: parseLogic(body, `cell ${cell}, pin ${pin}`) };
  });
}

export function registerOf({ state, inverse, next, clock, ties = [] }: RegisterFacts, cell: string): Register {
  return { state, inverse, next, nextLogic: parseLogic(next, `cell ${cell}, next_state`), clock, ties };
}

/** Adds roles, the gate equivalent and what figures are complete. Throws UserError naming the indispensable cells that are missing. */
export function completeLibrary(
  facts: LibraryFacts,
  cells: readonly Cell[],
  skipped: CellLibrary["skipped"] = [],
): CellLibrary {
  const roles = rolesOf(facts.id, cells);
  const hasDelays = cells.every(
    (c) => c.intrinsicPs !== null && c.psPerFf !== null && c.inputs.every((pin) => pin.capFf !== null),
  );
  const energies = cells.every(
    (c) => c.internalFj !== null && c.leakageNw !== null && (c.register === null || c.clockFj !== null),
  );
  const hasEnergies = hasDelays && energies && facts.voltage !== null;
  const nand2Area = cells.find((c) => c.name === roles.nand2)!.area;
  return { ...facts, cells, hasDelays, hasEnergies, roles, nand2Area, skipped };
}
