import { type Cell, type Logic, truthTable } from "../libraries/index.ts";
import type { Netlist } from "./netlist.ts";

/** A netlist with one output of one gate computing something else. */
export interface Mutant {
  /** Gate, pin and what became of its function. */
  change: string;
  netlist: Netlist;
}

/**
 * One mutant for every used gate output: AND and OR trade places and XOR becomes OR; where that changes nothing (inverters,
 * majority), the output is inverted. A proof that lets a mutant pass is no proof, unless the mutant is equivalent.
 */
export function* mutants(netlist: Netlist): Generator<Mutant> {
  for (const [index, gate] of netlist.gates.entries()) {
    for (const [pin, net] of gate.outputs.entries()) {
      if (net < 0) continue;
      const { cell, change } = swapped(gate.cell, pin);
      yield {
        change: `${gate.name} (${gate.cell.name}): ${change}`,
        netlist: { ...netlist, gates: netlist.gates.with(index, { ...gate, cell }) },
      };
    }
  }
}

function swapped(cell: Cell, pin: number): { cell: Cell; change: string } {
  const output = cell.outputs[pin]!;
  const inputs = cell.inputs.map((input) => input.name);
  const traded = trade(output.logic);
  const changed = truthTable(traded, inputs) !== truthTable(output.logic, inputs);
  const logic: Logic = changed ? traded : { op: "not", of: output.logic };
  return {
    cell: { ...cell, outputs: cell.outputs.with(pin, { ...output, logic }) },
    change: `${output.name} ${changed ? "with AND, OR and XOR traded" : "inverted"}`,
  };
}

function trade(logic: Logic): Logic {
  if (logic.op === "constant" || logic.op === "pin") return logic;
  if (logic.op === "not") return { op: "not", of: trade(logic.of) };
  return { op: logic.op === "or" ? "and" : "or", left: trade(logic.left), right: trade(logic.right) };
}
