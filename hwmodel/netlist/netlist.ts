import type { Cell } from "../libraries/index.ts";

/** Net numbers of constants; every other net has a number from 2 up. */
export const CONSTANT_ZERO = 0;
export const CONSTANT_ONE = 1;

/** One instance: `inputs[i]` is the net at input pin i of the cell, `outputs[i]` the net of output i, -1 if unconnected. */
export interface Instance {
  name: string;
  cell: Cell;
  inputs: readonly number[];
  outputs: readonly number[];
}

/** A module of gates and flip-flops of one cell library and one clock. */
export interface Netlist {
  name: string;
  /** Nets are numbered from 0 to nets - 1. */
  nets: number;
  /** Ports but the clock; least significant bit first. */
  inputs: Readonly<Record<string, readonly number[]>>;
  outputs: Readonly<Record<string, readonly number[]>>;
  /** Combinational cells, every one after those that drive it. */
  gates: readonly Instance[];
  registers: readonly Instance[];
  /** Name of the clock port, null for a netlist without flip-flops. */
  clock: string | null;
}
