import { UserError } from "../../formats/error.ts";
import type { Instance } from "./netlist.ts";

/**
 * The gates in an order in which each follows all that drive it. `driven[net]`: the net has a value without any gate.
 * Throws UserError for a combinational loop, naming a cell in it, and for a net that nothing drives.
 */
export function topologicalOrder(gates: readonly Instance[], driven: Uint8Array, module: string): Instance[] {
  const driver = new Int32Array(driven.length).fill(-1);
  gates.forEach((gate, index) => {
    for (const net of gate.outputs) if (net >= 0) driver[net] = index;
  });
  const waiting = new Int32Array(gates.length);
  const readers: number[][] = gates.map(() => []);
  gates.forEach((gate, index) => {
    for (const net of gate.inputs) {
      if (driven[net]) continue;
      if (driver[net]! < 0) throw new UserError(`netlist ${module}: an input of cell ${gate.name} is not driven`);
      readers[driver[net]!]!.push(index);
      waiting[index]!++;
    }
  });
  const order: number[] = [];
  gates.forEach((_, index) => {
    if (waiting[index] === 0) order.push(index);
  });
  for (let next = 0; next < order.length; next++) {
    for (const reader of readers[order[next]!]!) if (--waiting[reader]! === 0) order.push(reader);
  }
  if (order.length < gates.length) {
    const stuck = gates[waiting.findIndex((count) => count > 0)]!;
    throw new UserError(`netlist ${module}: combinational loop through cell ${stuck.name}`);
  }
  return order.map((index) => gates[index]!);
}
