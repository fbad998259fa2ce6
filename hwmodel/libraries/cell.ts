import type { Logic } from "./logic.ts";

export interface InputPin {
  name: string;
  /** Null where the library does not say. */
  capFf: number | null;
}

export interface OutputPin {
  name: string;
  /** In Liberty's notation, of input pins and, in a flip-flop, of its state. */
  function: string;
  logic: Logic;
}

/** A flip-flop: Liberty's `ff` group. */
export interface Register {
  /** Names of the state and its inverse in output functions. */
  state: string;
  inverse: string;
  next: string;
  nextLogic: Logic;
  clock: string;
  /** Inputs that must be held at a constant so that set and reset stay inactive. */
  ties: readonly { pin: string; value: 0 | 1 }[];
}

/** How transition times travel through a cell. */
export interface Slew {
  /** Input transition for which intrinsicPs and psPerFf hold, and delay added per ps above it. */
  inputPs: number;
  delayPerPs: number;
  /** Transition of the output: outputPs + outputPsPerFf · load, and what every ps of the input above inputPs adds. */
  outputPs: number;
  outputPsPerFf: number;
  outputPerPs: number;
}

/**
 * A standard cell. The delay of an arc is linear, intrinsicPs + psPerFf · load; internalFj is the energy inside the cell
 * per transition of an output, clockFj per clock cycle of a flip-flop. Null: the library does not say;
 * without `slew` transition times are left out of timing.
 */
export interface Cell {
  name: string;
  /** In the library's area unit. */
  area: number;
  inputs: readonly InputPin[];
  outputs: readonly OutputPin[];
  register: Register | null;
  leakageNw: number | null;
  intrinsicPs: number | null;
  psPerFf: number | null;
  slew: Slew | null;
  internalFj: number | null;
  clockFj: number | null;
}

/** An adder cell; its inputs are interchangeable. ASAP7's give inverted outputs. */
export interface AdderRole {
  cell: string;
  inputs: readonly string[];
  sum: string;
  sumInverted: boolean;
  carry: string;
  carryInverted: boolean;
}

export interface FlipFlopRole {
  cell: string;
  data: string;
  clock: string;
  output: string;
  /** True where the output is the inverse of the data of the last rising edge. */
  inverted: boolean;
  ties: readonly { pin: string; value: 0 | 1 }[];
}

/** What a generator must know of a library by name; found by function, the smallest cell of each. */
export interface Roles {
  inverter: string;
  /** Its area is one gate equivalent. */
  nand2: string;
  fullAdder: AdderRole | null;
  halfAdder: AdderRole | null;
  flipFlop: FlipFlopRole;
}

export interface CellLibrary {
  id: string;
  label: string;
  source: string;
  licence: string;
  areaUnit: "um2" | "ge";
  /** Supply, volts; null for a library without electrical facts. */
  voltage: number | null;
  cells: readonly Cell[];
  /** Every cell has capacitances and a delay; every cell has energies too, and the supply is known. */
  hasDelays: boolean;
  hasEnergies: boolean;
  roles: Roles;
  /** Area of a two-input NAND in the library's unit: one gate equivalent. */
  nand2Area: number;
  /** Cells of a user's file that were left out, and why. */
  skipped: readonly { cell: string; reason: string }[];
}
