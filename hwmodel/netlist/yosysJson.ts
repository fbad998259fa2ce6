import { UserError } from "../../formats/error.ts";
import type { CellLibrary } from "../libraries/index.ts";
import { CONSTANT_ONE, CONSTANT_ZERO, type Instance, type Netlist } from "./netlist.ts";
import { topologicalOrder } from "./topological.ts";

/** A 32-lane INT8 dot-product unit has under 20 000 cells; above a million the evaluator's arrays would not fit. */
export const MAX_CELLS = 1_000_000;

/** What `write_json` writes, as far as it is read here. */
interface Port {
  direction: string;
  bits: readonly (number | string)[];
}
interface CellJson {
  type: string;
  connections: Record<string, readonly (number | string)[]>;
}

/**
 * Reads a mapped, flattened module from the text of Yosys' `write_json`; cells must be of `library`. `module` may be left
 * out if the file has one. `$scopeinfo` cells are skipped. Throws UserError for text that is not such a file, unknown cells,
 * combinational loops, several drivers, several clocks, undriven or undefined (x, z) inputs.
 */
export function readYosysJson(text: string, library: CellLibrary, module?: string): Netlist {
  const { name, ports, cells } = moduleOf(text, module);
  const fail = (what: string): never => {
    throw new UserError(`netlist ${name}: ${what}`);
  };
  if (Object.keys(cells).length > MAX_CELLS) fail(`over ${MAX_CELLS} cells`);

  const numbers = new Map<string | number, number>([
    ["0", CONSTANT_ZERO],
    ["1", CONSTANT_ONE],
  ]);
  const netOf = (bit: number | string | undefined, where: string): number => {
    const known = numbers.get(bit as number | string);
    if (known !== undefined) return known;
    if (typeof bit !== "number") return fail(`${where} is ${bit === undefined ? "not connected" : `"${bit}"`}`);
    numbers.set(bit, numbers.size);
    return numbers.size - 1;
  };

  const byName = new Map(library.cells.map((cell) => [cell.name, cell]));
  const gates: Instance[] = [];
  const registers: Instance[] = [];
  for (const [instance, { type, connections }] of Object.entries(cells)) {
    if (type === "$scopeinfo") continue;
    const cell = byName.get(type);
    if (!cell) return fail(`cell ${instance} is a ${type}, which library ${library.id} does not have`);
    const placed = {
      name: instance,
      cell,
      inputs: cell.inputs.map((pin) => netOf(connections[pin.name]?.[0], `pin ${pin.name} of cell ${instance}`)),
      outputs: cell.outputs.map((pin) => (connections[pin.name]?.length ? netOf(connections[pin.name]![0], "") : -1)),
    };
    (cell.register ? registers : gates).push(placed);
  }

  // Names come from the file: no prototype that one of them could hit.
  const inputs: Record<string, number[]> = Object.create(null);
  const outputs: Record<string, number[]> = Object.create(null);
  for (const [port, { direction, bits }] of Object.entries(ports)) {
    if (direction !== "input" && direction !== "output") fail(`port ${port} is ${direction}`);
    const nets = bits.map((bit, i) => netOf(bit, `bit ${i} of port ${port}`));
    if (direction === "input") inputs[port] = nets;
    else outputs[port] = nets;
  }

  const driven = new Uint8Array(numbers.size);
  const drive = (net: number, by: string) => {
    if (net < 0) return;
    if (driven[net]) fail(`${by} drives a net that has another driver`);
    driven[net] = 1;
  };
  drive(CONSTANT_ZERO, "0");
  drive(CONSTANT_ONE, "1");
  for (const [port, nets] of Object.entries(inputs)) for (const net of nets) drive(net, `port ${port}`);
  for (const { name: by, outputs: nets } of registers) for (const net of nets) drive(net, `cell ${by}`);
  const sources = driven.slice();
  for (const { name: by, outputs: nets } of gates) for (const net of nets) drive(net, `cell ${by}`);
  for (const [port, nets] of Object.entries(outputs)) {
    if (nets.some((net) => !driven[net])) fail(`a bit of output ${port} is not driven`);
  }
  for (const { name: reader, inputs: nets } of registers) {
    if (nets.some((net) => !driven[net])) fail(`an input of cell ${reader} is not driven`);
  }
  const clock = clockOf(registers, inputs, fail);
  if (clock !== null) delete inputs[clock];
  return {
    name,
    nets: numbers.size,
    inputs,
    outputs,
    gates: topologicalOrder(gates, sources, name),
    registers,
    clock,
  };
}

function clockOf(
  registers: readonly Instance[],
  inputs: Readonly<Record<string, readonly number[]>>,
  fail: (what: string) => never,
): string | null {
  let clock: number | null = null;
  for (const { name, cell, inputs: nets } of registers) {
    const netAt = (pin: string) => nets[cell.inputs.findIndex((input) => input.name === pin)];
    for (const { pin, value } of cell.register!.ties) {
      if (netAt(pin) !== (value === 1 ? CONSTANT_ONE : CONSTANT_ZERO))
        fail(`pin ${pin} of cell ${name} is not tied to ${value}; set and reset are not simulated`);
    }
    const net = netAt(cell.register!.clock)!;
    if (clock !== null && net !== clock) fail(`cell ${name} has another clock than the rest`);
    clock = net;
  }
  if (clock === null) return null;
  const port = Object.entries(inputs).find(([, nets]) => nets.length === 1 && nets[0] === clock)?.[0];
  return port ?? fail("the clock is not an input port; gated and divided clocks are not simulated");
}

function moduleOf(text: string, wanted: string | undefined) {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserError(`netlist: not JSON (${(error as Error).message})`);
  }
  const modules = record(record(parsed, "file").modules, "modules");
  const names = Object.keys(modules).filter((name) => wanted === undefined || name === wanted);
  if (names.length !== 1) {
    throw new UserError(
      `netlist: ${wanted === undefined ? `${names.length} modules, expected one` : `no module ${wanted}`}`,
    );
  }
  const name = names[0]!;
  const body = record(modules[name], name);
  const ports = record(body.ports, "ports");
  const cells = record(body.cells, "cells");
  for (const [port, value] of Object.entries(ports)) {
    if (!Array.isArray(record(value, port).bits)) throw new UserError(`netlist ${name}: port ${port} has no bits`);
  }
  for (const [cell, value] of Object.entries(cells)) {
    const connections = record(record(value, cell).connections, `connections of ${cell}`);
    if (!Object.values(connections).every(Array.isArray)) {
      throw new UserError(`netlist ${name}: a connection of cell ${cell} is not a list of bits`);
    }
  }
  return { name, ports: ports as Record<string, Port>, cells: cells as Record<string, CellJson> };
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UserError(`netlist: ${what} is missing or not an object; expected the JSON that Yosys writes`);
  }
  return value as Record<string, unknown>;
}
