import type { Slew } from "../libraries/index.ts";
import { known, netLoads, type WireModel } from "./loads.ts";
import type { Instance, Netlist } from "./netlist.ts";

/** One cell of the critical path and when its output settles. */
export interface PathStep {
  instance: string;
  cell: string;
  pin: string;
  arrivalPs: number;
}

export interface Timing {
  /** Latest arrival at a flip-flop or an output port: the shortest clock period, without setup time and clock skew. */
  delayPs: number;
  /** From the flip-flop or first gate to the last; empty if nothing but wires is there. */
  criticalPath: PathStep[];
}

/**
 * Static timing with linear delays (intrinsic + slope · load), inputs at time 0 and flip-flops at their clock-to-output
 * delay, ideal edges there. Transition times are carried along, linearly too, where the library has them (a user's Liberty
 * file): three MACs each in Nangate 45, SKY130, IHP SG13G2 and OSU 0.18 um came out at −12 to +15 % of OpenSTA's delay from the
 * same file without wires. With this package's own tables SKY130 is 7 to 12 % low and IHP 13 to 36 % high.
 * Throws UserError if the library has no delays.
 */
export function arrivalTimes(netlist: Netlist, wires: WireModel = {}): Timing {
  const loads = netLoads(netlist, wires);
  const arrival = new Float64Array(netlist.nets);
  const slew = new Float64Array(netlist.nets);
  const driver = new Map<number, { instance: Instance; output: number; from: number }>();
  const place = (instance: Instance, start: number, from: number) => {
    const { cell } = instance;
    instance.outputs.forEach((net, output) => {
      if (net < 0) return;
      const linear = known(cell.intrinsicPs, cell, "delay") + known(cell.psPerFf, cell, "delay") * loads[net]!;
      const above = cell.slew ? (from < 0 ? 0 : slew[from]!) - cell.slew.inputPs : 0;
      arrival[net] = start + Math.max(0, linear + above * (cell.slew?.delayPerPs ?? 0));
      slew[net] = cell.slew ? outputSlew(cell.slew, above, loads[net]!) : 0;
      driver.set(net, { instance, output, from });
    });
  };
  for (const register of netlist.registers) place(register, 0, -1);
  for (const gate of netlist.gates) {
    const from = latest(gate.inputs, arrival);
    place(gate, from < 0 ? 0 : arrival[from]!, from);
  }
  const ends = [...Object.values(netlist.outputs).flat(), ...netlist.registers.flatMap((r) => r.inputs)];
  const last = latest(ends, arrival);
  const criticalPath: PathStep[] = [];
  for (let net = last; net >= 0; ) {
    const found = driver.get(net);
    if (!found) break;
    const { instance, output, from } = found;
    criticalPath.push({
      instance: instance.name,
      cell: instance.cell.name,
      pin: instance.cell.outputs[output]!.name,
      arrivalPs: arrival[net]!,
    });
    net = from;
  }
  return { delayPs: last < 0 ? 0 : arrival[last]!, criticalPath: criticalPath.reverse() };
}

function outputSlew({ outputPs, outputPsPerFf, outputPerPs }: Slew, above: number, load: number): number {
  return Math.max(0, outputPs + outputPsPerFf * load + outputPerPs * above);
}

function latest(nets: readonly number[], arrival: Float64Array): number {
  return nets.reduce((best, net) => (best < 0 || arrival[net]! > arrival[best]! ? net : best), -1);
}
