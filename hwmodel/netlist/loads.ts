import { UserError } from "../../formats/error.ts";
import type { Cell } from "../libraries/index.ts";
import type { Netlist } from "./netlist.ts";

export interface WireModel {
  /** Capacitance added to a net for every input it drives, fF. 0: no wires, as before placement. */
  wireFfPerFanout?: number;
}

/** Capacitance on every net in fF: the inputs it drives and its wire. Throws UserError if a cell's library has no capacitances. */
export function netLoads(netlist: Netlist, { wireFfPerFanout = 0 }: WireModel = {}): Float64Array {
  if (!(wireFfPerFanout >= 0 && Number.isFinite(wireFfPerFanout))) {
    throw new UserError(`wireFfPerFanout ${wireFfPerFanout}: expected a capacitance in fF`);
  }
  const loads = new Float64Array(netlist.nets);
  for (const { cell, inputs } of [...netlist.gates, ...netlist.registers]) {
    cell.inputs.forEach((pin, i) => {
      loads[inputs[i]!]! += known(pin.capFf, cell, "input capacitance") + wireFfPerFanout;
    });
  }
  return loads;
}

/** The figure, or a UserError that names the cell without it. */
export function known(figure: number | null, cell: Cell, what: string): number {
  if (figure === null) throw new UserError(`cell ${cell.name}: its library gives no ${what}`);
  return figure;
}
