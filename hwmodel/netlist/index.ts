export { equivalent, MAX_FREE_BITS } from "./equivalence.ts";
export { type Mutant, mutants } from "./mutants.ts";
export type { Instance, Netlist } from "./netlist.ts";
export { compile, type Simulation } from "./simulate.ts";
export { MAC_PORTS, type MacChecks, type MacPorts, type MacProof, type MacReference, verifyMac } from "./verifyMac.ts";
export { LANES, laneValue, toWords } from "./words.ts";
export { MAX_CELLS, readYosysJson } from "./yosysJson.ts";
