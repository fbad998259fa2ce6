export { arrivalTimes, type PathStep, type Timing } from "./arrivalTimes.ts";
export {
  codeStream,
  type Distribution,
  type Distributions,
  fittedDistribution,
  type StreamOptions,
  sampler,
} from "./codeStreams.ts";
export { equivalent, MAX_FREE_BITS } from "./equivalence.ts";
export type { WireModel } from "./loads.ts";
export { type MacEnergy, type MacEnergyOptions, macEnergy } from "./macEnergy.ts";
export { type Mutant, mutants } from "./mutants.ts";
export type { Instance, Netlist } from "./netlist.ts";
export { compile, type Simulation } from "./simulate.ts";
export { type SwitchingEnergy, switchingEnergy } from "./switchingEnergy.ts";
export { type CodeStream, countToggles, type PortStreams, type Toggles } from "./toggles.ts";
export { toVerilog } from "./toVerilog.ts";
export { type UnitStreamOptions, unitStreams } from "./unitStreams.ts";
export { type Float32UnitProof, verifyFloat32Unit } from "./verifyFloat32Unit.ts";
export { MAC_PORTS, type MacChecks, type MacPorts, type MacProof, type MacReference, verifyMac } from "./verifyMac.ts";
export { LANES, laneValue, toWords } from "./words.ts";
export { MAX_CELLS, readYosysJson } from "./yosysJson.ts";
