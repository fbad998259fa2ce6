import type { Netlist } from "./netlist.ts";
import { compile } from "./simulate.ts";
import { unitDelay } from "./unitDelay.ts";
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
  const gates = unitDelay(netlist);
  const withGlitches = new Float64Array(netlist.nets);
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
    simulation.clock();
    for (const { port, codes, bits, words } of ports) {
      for (let lane = 0; lane < LANES; lane++) now[lane] = codes[cycle * LANES + lane]!;
      toWords(now, bits, words);
      simulation.set(port, words);
    }
    for (const net of sources) {
      const difference = net < 0 ? 0 : values[net]! ^ before[net]!;
      if (difference === 0) continue;
      withGlitches[net]! += ones(difference);
      gates.changed(net);
    }
    gates.run(values, withGlitches);
    for (let net = 0; net < values.length; net++) zeroDelay[net]! += ones(values[net]! ^ before[net]!);
  }
  return { unitDelay: withGlitches, zeroDelay, samples: cycles * LANES };
}
