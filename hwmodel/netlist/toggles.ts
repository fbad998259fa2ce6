import { toJavaScript } from "../libraries/index.ts";
import type { Netlist } from "./netlist.ts";
import { compile, functions, inputName } from "./simulate.ts";
import { LANES, ones, toWords } from "./words.ts";

/** Codes of an input port over time: index cycle · 32 + lane. */
export type CodeStream = ArrayLike<number>;

export interface Toggles {
  /** Transitions of every net over all cycles and lanes, with every gate taking one unit of time: glitches count. */
  unitDelay: Float64Array;
  /** Transitions between settled values only: what a netlist without glitches would have. */
  zeroDelay: Float64Array;
  /** Cycles times lanes. */
  samples: number;
}

/**
 * Runs 32 streams at once. Inputs change together with the flip-flops. Ports without a stream stay 0. Throws UserError for
 * a port the netlist does not have.
 */
export function countToggles(netlist: Netlist, streams: Readonly<Record<string, CodeStream>>): Toggles {
  const simulation = compile(netlist);
  const { values } = simulation;
  const step = unitStep(netlist);
  const unitDelay = new Float64Array(netlist.nets);
  const zeroDelay = new Float64Array(netlist.nets);
  const before = new Int32Array(netlist.nets);
  const ports = Object.entries(streams).map(([port, codes]) => {
    const bits = simulation.get(port).length;
    return { port, codes, bits, words: new Int32Array(bits) };
  });
  const cycles = Math.min(...ports.map(({ codes }) => Math.floor(codes.length / LANES)));
  const sources = [...Object.values(netlist.inputs).flat(), ...netlist.registers.flatMap((r) => r.outputs)];
  const now = new Array<number>(LANES);
  simulation.settle();
  for (let cycle = 0; cycle < cycles; cycle++) {
    before.set(values);
    simulation.tick();
    for (const { port, codes, bits, words } of ports) {
      for (let lane = 0; lane < LANES; lane++) now[lane] = codes[cycle * LANES + lane]!;
      toWords(now, bits, words);
      simulation.set(port, words);
    }
    for (const net of sources) if (net >= 0) unitDelay[net]! += ones(values[net]! ^ before[net]!);
    while (step(values, unitDelay));
    for (let net = 0; net < values.length; net++) zeroDelay[net]! += ones(values[net]! ^ before[net]!);
  }
  return { unitDelay, zeroDelay, samples: cycles * LANES };
}

/** One unit of time: every gate takes the values its inputs had. Returns whether anything changed. */
function unitStep(netlist: Netlist): (values: Int32Array, counts: Float64Array) => boolean {
  // Against topological order a gate is recomputed before its drivers are, so it sees their old values.
  const statements = netlist.gates.toReversed().flatMap((gate) =>
    gate.cell.outputs.flatMap((output, i) => {
      const net = gate.outputs[i]!;
      if (net < 0) return [];
      const expression = toJavaScript(output.logic, inputName(gate));
      return [`d=${expression}^v[${net}];if(d){v[${net}]^=d;c[${net}]+=ones(d);any|=d;}`];
    }),
  );
  const parts = functions(statements, (body) => `let d,any=0;${body}return any;`, "v", "c", "ones");
  return (values, counts) => parts.reduce((any, part) => (part(values, counts, ones) as number) | any, 0) !== 0;
}
