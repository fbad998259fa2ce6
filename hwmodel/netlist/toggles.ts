import type { Netlist } from "./netlist.ts";
import { compile } from "./simulate.ts";
import { unitDelay } from "./unitDelay.ts";
import { LANES, ones, toWords } from "./words.ts";

/** Codes of an input port over time: index cycle · 32 + lane. */
export type CodeStream = ArrayLike<number>;

/** Streams by input port; several codes side by side at one port, the first in the lowest bits, are several streams. */
export type PortStreams = Readonly<Record<string, CodeStream | readonly CodeStream[]>>;

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
export function countToggles(netlist: Netlist, streams: PortStreams): Toggles {
  const simulation = compile(netlist);
  const { values } = simulation;
  const gates = unitDelay(netlist);
  const withGlitches = new Float64Array(netlist.nets);
  const zeroDelay = new Float64Array(netlist.nets);
  const before = new Int32Array(netlist.nets);
  const ports = Object.entries(streams).map(([port, stream]) => {
    const all = typeof stream[0] === "number" ? [stream as CodeStream] : (stream as readonly CodeStream[]);
    const words = new Int32Array(simulation.get(port).length);
    return { port, all, bits: words.length / all.length, words };
  });
  const cycles = Math.min(...ports.flatMap(({ all }) => all.map((codes) => Math.floor(codes.length / LANES))));
  const sources = [...Object.values(netlist.inputs).flat(), ...netlist.registers.flatMap((r) => r.outputs)];
  const now = new Array<number>(LANES);
  simulation.settle();
  for (let cycle = 0; cycle < cycles; cycle++) {
    before.set(values);
    simulation.clock();
    for (const { port, all, bits, words } of ports) {
      all.forEach((codes, i) => {
        for (let lane = 0; lane < LANES; lane++) now[lane] = codes[cycle * LANES + lane]!;
        toWords(now, bits, words, i * bits);
      });
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
