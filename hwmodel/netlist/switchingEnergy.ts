import { UserError } from "../../formats/error.ts";
import type { CellLibrary } from "../libraries/index.ts";
import { known, netLoads, type WireModel } from "./loads.ts";
import type { Netlist } from "./netlist.ts";
import { countToggles, type PortStreams } from "./toggles.ts";

/** Energy of one clock cycle, femtojoules. */
export interface SwitchingEnergy {
  /** Nets, cells and clock pins, glitches as a unit-delay simulation counts them. */
  energyFj: number;
  /** The same without glitches: a lower bound. */
  zeroDelayFj: number;
  /** Part of both that the clock takes in the flip-flops. */
  clockFj: number;
  leakageNw: number;
  /** Clock cycles simulated, over all lanes. */
  samples: number;
}

/**
 * Σ over nets of transitions · (½ C V² + internal energy of the driver), plus the clock energy of the flip-flops, per cycle.
 * Without wires (unless given) and clock tree. `streams` hold the codes of the input ports, index cycle · 32 + lane.
 * Throws UserError if the library lacks energies, capacitances or a supply voltage.
 */
export function switchingEnergy(
  netlist: Netlist,
  library: CellLibrary,
  streams: PortStreams,
  wires: WireModel = {},
): SwitchingEnergy {
  if (library.voltage === null) throw new UserError(`library ${library.id}: no supply voltage, so no energies`);
  const perToggle = netLoads(netlist, wires).map((load) => (load * library.voltage! ** 2) / 2);
  for (const { cell, outputs } of [...netlist.gates, ...netlist.registers]) {
    for (const net of outputs) if (net >= 0) perToggle[net]! += known(cell.internalFj, cell, "internal energy");
  }
  const { unitDelay, zeroDelay, samples } = countToggles(netlist, streams);
  if (samples === 0) throw new UserError(`netlist ${netlist.name}: streams of under 32 codes hold no cycle`);
  const clockFj = netlist.registers.reduce((sum, { cell }) => sum + known(cell.clockFj, cell, "clock energy"), 0);
  const all = [...netlist.gates, ...netlist.registers];
  return {
    energyFj: dot(unitDelay, perToggle) / samples + clockFj,
    zeroDelayFj: dot(zeroDelay, perToggle) / samples + clockFj,
    clockFj,
    leakageNw: all.reduce((sum, { cell }) => sum + known(cell.leakageNw, cell, "leakage"), 0),
    samples,
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}
