import { UserError } from "../../formats/error.ts";
import type { AdderRole, Cell, FlipFlopRole, Roles } from "./cell.ts";
import { truthTable } from "./logic.ts";

const INVERTER = "10";
const NAND2 = "1110";
const XOR = { 2: "0110", 3: "01101001" };
const CARRY = { 2: "0001", 3: "00010111" };

/**
 * Which cells of a library are inverter, NAND2, adders and flip-flop, by their functions; of several the smallest, the first
 * of equals. Adders may be absent. Throws UserError naming the library and every indispensable cell it lacks.
 */
export function rolesOf(library: string, cells: readonly Cell[]): Roles {
  const bySize = [...cells].sort((a, b) => a.area - b.area);
  const gate = (table: string) =>
    bySize.find((c) => c.register === null && c.outputs.length === 1 && tableOf(c, 0) === table)?.name;
  const inverter = gate(INVERTER);
  const nand2 = gate(NAND2);
  const flipFlop = first(bySize, flipFlopRole);
  const missing = [
    inverter === undefined ? "an inverter" : "",
    nand2 === undefined ? "a two-input NAND" : "",
    flipFlop === null ? "a rising-edge D flip-flop" : "",
  ].filter((name) => name !== "");
  if (inverter === undefined || nand2 === undefined || flipFlop === null) {
    throw new UserError(`library ${library}: lacks ${missing.join(", ")}`);
  }
  return {
    inverter,
    nand2,
    flipFlop,
    fullAdder: first(bySize, (c) => adderRole(c, 3)),
    halfAdder: first(bySize, (c) => adderRole(c, 2)),
  };
}

function first<T>(cells: readonly Cell[], role: (cell: Cell) => T | null): T | null {
  for (const cell of cells) {
    const found = role(cell);
    if (found !== null) return found;
  }
  return null;
}

function tableOf(cell: Cell, output: number): string {
  return truthTable(
    cell.outputs[output]!.logic,
    cell.inputs.map((pin) => pin.name),
  );
}

function adderRole(cell: Cell, inputs: 2 | 3): AdderRole | null {
  if (cell.register !== null || cell.inputs.length !== inputs || cell.outputs.length !== 2) return null;
  const match = (wanted: string) => {
    const inverse = [...wanted].map((bit) => (bit === "0" ? "1" : "0")).join("");
    for (const [i, output] of cell.outputs.entries()) {
      const table = tableOf(cell, i);
      if (table === wanted || table === inverse) return { pin: output.name, inverted: table === inverse };
    }
    return null;
  };
  const sum = match(XOR[inputs]);
  const carry = match(CARRY[inputs]);
  if (!sum || !carry) return null;
  return {
    cell: cell.name,
    inputs: cell.inputs.map((pin) => pin.name),
    sum: sum.pin,
    sumInverted: sum.inverted,
    carry: carry.pin,
    carryInverted: carry.inverted,
  };
}

export function flipFlopRole(cell: Cell): FlipFlopRole | null {
  const { register } = cell;
  if (register === null) return null;
  const next = inversion(register.nextLogic);
  if (next === null || !cell.inputs.some((pin) => pin.name === next.pin)) return null;
  // Scan, enable and further data inputs would make it another cell.
  const used = new Set([next.pin, register.clock, ...register.ties.map((tie) => tie.pin)]);
  if (cell.inputs.some((pin) => !used.has(pin.name))) return null;
  for (const output of cell.outputs) {
    const read = inversion(output.logic);
    if (read === null || (read.pin !== register.state && read.pin !== register.inverse)) continue;
    const inverted = next.inverted !== (read.inverted !== (read.pin === register.inverse));
    return {
      cell: cell.name,
      data: next.pin,
      clock: register.clock,
      output: output.name,
      inverted,
      ties: register.ties,
    };
  }
  return null;
}

/** The pin a function is, or is the inverse of; null for any other function. */
export function inversion(logic: Cell["outputs"][number]["logic"]): { pin: string; inverted: boolean } | null {
  if (logic.op === "pin") return { pin: logic.name, inverted: false };
  if (logic.op !== "not") return null;
  const inner = inversion(logic.of);
  return inner && { pin: inner.pin, inverted: !inner.inverted };
}
