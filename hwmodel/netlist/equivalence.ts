import { UserError } from "../../formats/error.ts";
import type { Netlist } from "./netlist.ts";
import { compile } from "./simulate.ts";

/** Inputs and states are counted through: 2^26 of them take half a minute for a MAC of 200 gates. */
export const MAX_FREE_BITS = 26;

/** Bit i of the lane's number, for the five bits that number 32 lanes. */
const LANE_BITS = [0xaaaaaaaa, 0xcccccccc, 0xf0f0f0f0, 0xff00ff00, 0xffff0000];

/**
 * Whether two netlists that differ in gate functions only (a netlist and its mutant) have the same outputs and next states
 * for every input and every state, reachable or not: a proof by exhaustion of what the differing gates can reach.
 * Throws UserError if that depends on more than MAX_FREE_BITS.
 */
export function equivalent(a: Netlist, b: Netlist): boolean {
  const reached = new Set<number>();
  a.gates.forEach((gate, i) => {
    if (gate.cell !== b.gates[i]!.cell || gate.inputs.some((net) => reached.has(net))) {
      for (const net of gate.outputs) reached.add(net);
    }
  });
  const ends = [...Object.values(a.outputs).flat(), ...a.registers.flatMap((r) => r.inputs)];
  const compared = ends.filter((net) => reached.has(net));
  const free = support(a, compared);
  if (free.length > MAX_FREE_BITS) {
    throw new UserError(
      `netlist ${a.name}: ${free.length} input and state bits matter; at most ${MAX_FREE_BITS} are enumerated`,
    );
  }
  const [first, second] = [compile(a), compile(b)];
  const words = 2 ** Math.max(0, free.length - LANE_BITS.length);
  for (let word = 0; word < words; word++) {
    free.forEach((net, i) => {
      const value = LANE_BITS[i] ?? -((word >>> (i - LANE_BITS.length)) & 1);
      first.values[net] = value;
      second.values[net] = value;
    });
    first.settle();
    second.settle();
    if (compared.some((net) => first.values[net] !== second.values[net])) return false;
  }
  return true;
}

/** Inputs and flip-flop outputs that the given nets depend on. */
function support(netlist: Netlist, nets: readonly number[]): number[] {
  const needed = new Set(nets);
  for (const gate of netlist.gates.toReversed()) {
    if (gate.outputs.some((net) => needed.has(net))) for (const net of gate.inputs) needed.add(net);
  }
  const sources = [...Object.values(netlist.inputs).flat(), ...netlist.registers.flatMap((r) => r.outputs)];
  return sources.filter((net) => needed.has(net));
}
