import { UserError } from "../../formats/error.ts";
import { toJavaScript } from "../libraries/index.ts";
import { CONSTANT_ONE, type Instance, type Netlist } from "./netlist.ts";
import { LANES } from "./words.ts";

/** A netlist compiled to JavaScript: 32 independent simulations, one per bit of a word. */
export interface Simulation {
  netlist: Netlist;
  /** The word on every net. */
  values: Int32Array;
  /** Sets an input port, one word per bit. */
  set(port: string, words: ArrayLike<number>): void;
  /** Words of a port, least significant bit first. */
  get(port: string): Int32Array;
  /** Puts words into the flip-flops behind an output port, inverters between them or not. Throws UserError if it has others. */
  load(port: string, words: ArrayLike<number>): void;
  /** Lets the gates follow the inputs and the flip-flops. */
  settle(): void;
  /** A rising clock edge: flip-flops take their data as it is. The gates do not follow yet. */
  clock(): void;
  /** `settle`, then `clock`. */
  tick(): void;
}

/** Statements in one generated function: engines do not optimize very long ones. */
const STATEMENTS = 2000;

/** Starts with all flip-flop states and inputs zero. `set` and `get` throw UserError for an unknown port. */
export function compile(netlist: Netlist): Simulation {
  const values = new Int32Array(netlist.nets);
  values[CONSTANT_ONE] = -1;
  const next = new Int32Array(netlist.registers.length);
  const gates = functions(netlist.gates.flatMap(outputStatements), "v");
  const take = functions(
    netlist.registers.map((r, i) => `n[${i}]=${toJavaScript(r.cell.register!.nextLogic, inputName(r))};`),
    "v",
    "n",
  );
  const give = functions(registerOutputs(netlist.registers), "v", "n");
  const run = (list: readonly Compiled[]) => {
    for (const each of list) each(values, next);
  };
  run(give);
  const nets = (port: string) => {
    const found = netlist.inputs[port] ?? netlist.outputs[port];
    if (!found) throw new UserError(`netlist ${netlist.name}: no port ${port}`);
    return found;
  };
  const behind = new Map<string, { register: number; inverted: boolean }[]>();
  const find = (port: string) => {
    const kept = next.slice();
    next.fill(0);
    run(give);
    run(gates);
    const base = Int32Array.from(nets(port), (net) => values[net]!);
    const found = base.map(() => -1);
    for (let from = 0; from < next.length; from += LANES) {
      // One flip-flop is 1 in each lane.
      next.fill(0);
      for (let lane = 0; lane < LANES && from + lane < next.length; lane++) next[from + lane] = 1 << lane;
      run(give);
      run(gates);
      nets(port).forEach((net, bit) => {
        const flips = values[net]! ^ base[bit]!;
        if (flips === 0) return;
        const lane = 31 - Math.clz32(flips);
        if (found[bit] !== -1 || flips !== 1 << lane)
          throw new UserError(`netlist ${netlist.name}: ${port} is no register`);
        found[bit] = from + lane;
      });
    }
    if (found.includes(-1)) throw new UserError(`netlist ${netlist.name}: ${port} is no register`);
    next.set(kept);
    run(give);
    return [...found].map((register, bit) => ({ register, inverted: base[bit] !== 0 }));
  };
  return {
    netlist,
    values,
    load(port, words) {
      const registers = behind.get(port) ?? find(port);
      behind.set(port, registers);
      registers.forEach(({ register, inverted }, bit) => {
        next[register] = inverted ? ~words[bit]! : words[bit]!;
      });
      run(give);
    },
    set(port, words) {
      nets(port).forEach((net, bit) => {
        values[net] = words[bit]!;
      });
    },
    get: (port) => Int32Array.from(nets(port), (net) => values[net]!),
    settle: () => run(gates),
    clock() {
      run(take);
      run(give);
    },
    tick() {
      run(gates);
      run(take);
      run(give);
    },
  };
}

type Compiled = (values: Int32Array, next: Int32Array) => void;

/** Functions of the statements, in order, each of at most STATEMENTS of them. */
function functions(statements: readonly string[], ...parameters: string[]): Compiled[] {
  const compiled: Compiled[] = [];
  for (let from = 0; from < statements.length; from += STATEMENTS) {
    const body = statements.slice(from, from + STATEMENTS).join("\n");
    // The text holds operators and array indices only: cell functions were parsed, names never enter.
    compiled.push(new Function(...parameters, body) as Compiled);
  }
  return compiled;
}

/** Text for the net at an input pin of an instance. */
function inputName(instance: Instance): (pin: string) => string {
  const { cell, inputs } = instance;
  return (pin) => `v[${inputs[cell.inputs.findIndex((input) => input.name === pin)]}]`;
}

function outputStatements(gate: Instance): string[] {
  return gate.cell.outputs.flatMap((output, i) => {
    const net = gate.outputs[i]!;
    return net < 0 ? [] : [`v[${net}]=${toJavaScript(output.logic, inputName(gate))};`];
  });
}

/** Statements that put the states n[…] of flip-flops on their outputs. */
function registerOutputs(registers: readonly Instance[]): string[] {
  return registers.flatMap((instance, index) =>
    instance.cell.outputs.flatMap((output, i) => {
      const net = instance.outputs[i]!;
      const { state, inverse } = instance.cell.register!;
      const name = (pin: string) => (pin === state ? `n[${index}]` : pin === inverse ? `~n[${index}]` : "0");
      return net < 0 ? [] : [`v[${net}]=${toJavaScript(output.logic, name)};`];
    }),
  );
}
