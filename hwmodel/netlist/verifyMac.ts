import { UserError } from "../../formats/error.ts";
import { expectedSums } from "./expectedSums.ts";
import type { Netlist } from "./netlist.ts";
import { randomBits, shuffle } from "./random.ts";
import { compile, type Simulation } from "./simulate.ts";
import { LANES, laneValue, toWords } from "./words.ts";

/** What a MAC must compute: the integer of each code; null for a code that never occurs. */
export interface MacReference {
  weight: readonly (number | null)[];
  activation: readonly (number | null)[];
}

export interface MacChecks {
  /** Products in the longest sum, which must not overflow. */
  terms: number;
  /** Clock cycles from a code at the inputs to its product in the accumulator, less one: registers of a pipeline. */
  latency?: number;
  ports?: Partial<MacPorts>;
  /** A synchronous clear: the accumulator then takes zero, or the product of that cycle. */
  clear?: { port: string; loads: "zero" | "product" };
  seed?: number;
}

/** A port of several codes (a dot-product unit) holds them side by side, the first in the lowest bits. */
export interface MacPorts {
  weight: string;
  activation: string;
  accumulator: string;
}

export interface MacProof {
  /** Pairs of codes applied, all there are. */
  codePairs: number;
  /** Sums compared bit for bit. */
  checks: number;
  /** Accumulators run through sequences of `sequenceTerms` products, largest and smallest among them. */
  sequences: number;
  sequenceTerms: number;
}

export const MAC_PORTS: MacPorts = { weight: "weight", activation: "activation", accumulator: "accumulator" };

/** Longer sums are not simulated term by term; the width of the accumulator is derived, not measured. */
const MAX_SEQUENCE = 4096;

/**
 * Proves a netlist by gate-level simulation: sequences of `terms` products (all largest, all smallest, both in turn,
 * random), then every pair of codes, accumulating throughout. After each clock the accumulator must have changed by
 * exactly the sum of the products, modulo 2^bits: in a linear accumulator this holds from every start, so no reset is needed.
 * Throws UserError with the first wrong sum.
 */
export function verifyMac(netlist: Netlist, reference: MacReference, checks: MacChecks): MacProof {
  const { terms, latency = 0, clear, seed = 1 } = checks;
  const ports = { ...MAC_PORTS, ...checks.ports };
  const weights = usedCodes(reference.weight, "weight", netlist.name);
  const activations = usedCodes(reference.activation, "activation", netlist.name);
  const weightBits = bitsOf(reference.weight);
  const activationBits = bitsOf(reference.activation);
  const elements = portBits(netlist, ports.weight) / weightBits;
  if (!Number.isInteger(elements) || portBits(netlist, ports.activation) !== elements * activationBits) {
    throw new UserError(
      `netlist ${netlist.name}: ports of ${portBits(netlist, ports.weight)} and ${portBits(netlist, ports.activation)} bits, expected multiples of ${weightBits} and ${activationBits}`,
    );
  }
  const random = randomBits(seed);
  const pairs = weights.flatMap((w) => activations.map((a): Pair => [w, a]));
  const product = ([w, a]: Pair) => reference.weight[w]! * reference.activation[a]!;
  const sorted = [...pairs].sort((x, y) => product(x) - product(y));
  const [smallest, largest] = [sorted[0]!, sorted.at(-1)!];
  const draw = () => pairs[(random() >>> 0) % pairs.length]!;
  const extremes = [() => largest, () => smallest, (step: number) => (step % 2 ? smallest : largest)];

  const sequenceTerms = Math.min(terms, MAX_SEQUENCE);
  const shuffled = shuffle([...pairs], random);
  const steps: Pair[][] = [];
  for (let step = 0; step < Math.ceil(sequenceTerms / elements); step++) {
    steps.push(atEachPlace(elements, (_, lane) => (extremes[lane] ?? draw)(step)));
  }
  for (let first = 0; first < pairs.length; first += LANES) {
    // Each element of a dot-product unit sees all pairs, in another order.
    steps.push(atEachPlace(elements, (e, lane) => shuffled[(first + lane + e * 37) % pairs.length]!));
  }

  const simulation = compile(netlist);
  if (clear) simulation.set(clear.port, [0]);
  const sums = expectedSums(portBits(netlist, ports.accumulator));
  const apply = (step: readonly Pair[]) => {
    setCodes(simulation, ports.weight, step, 0, elements, weightBits);
    setCodes(simulation, ports.activation, step, 1, elements, activationBits);
    simulation.tick();
    simulation.settle();
    return simulation.get(ports.accumulator);
  };
  let compared = 0;
  const compare = (found: Int32Array, step: number) => {
    const wrong = sums.mismatch(found);
    if (wrong >= 0) {
      throw new UserError(
        `netlist ${netlist.name}: step ${step}: accumulator is ${laneValue(found, wrong)}, expected ${laneValue(sums.words, wrong)} (modulo 2^${found.length})`,
      );
    }
    compared += LANES;
  };
  const products = steps.map((step) => step.map(product));
  simulation.settle();
  sums.restart(simulation.get(ports.accumulator));
  for (let t = 0; t < latency; t++) sums.restart(apply(steps[t % steps.length]!));
  for (let t = 0; t < steps.length; t++) {
    const found = apply(steps[(t + latency) % steps.length]!);
    sums.add(products[t]!, elements);
    compare(found, t);
  }
  if (clear) {
    if (latency > 0) throw new UserError(`netlist ${netlist.name}: a clear is only checked in a MAC without pipeline`);
    // The last states are extremes and random; two clears in a row, then on from there.
    for (const [i, step] of steps.slice(0, 4).entries()) {
      simulation.set(clear.port, [i < 2 ? -1 : 0]);
      const found = apply(step);
      if (i < 2) sums.restart(new Int32Array(found.length));
      if (i >= 2 || clear.loads === "product") sums.add(products[i]!, elements);
      compare(found, steps.length + i);
    }
  }
  return { codePairs: pairs.length, checks: compared, sequences: LANES, sequenceTerms };
}

type Pair = readonly [weight: number, activation: number];

/** Pairs by lane and element: index lane · elements + element. */
function atEachPlace(elements: number, pairAt: (element: number, lane: number) => Pair): Pair[] {
  return Array.from({ length: LANES * elements }, (_, i) => pairAt(i % elements, Math.floor(i / elements)));
}

function setCodes(s: Simulation, port: string, step: readonly Pair[], side: 0 | 1, elements: number, bits: number) {
  const words = new Int32Array(elements * bits);
  for (let e = 0; e < elements; e++) {
    const codes = Array.from({ length: LANES }, (_, lane) => step[lane * elements + e]![side]);
    toWords(codes, bits, words, e * bits);
  }
  s.set(port, words);
}

function portBits(netlist: Netlist, port: string): number {
  const nets = netlist.inputs[port] ?? netlist.outputs[port];
  if (!nets) throw new UserError(`netlist ${netlist.name}: no port ${port}`);
  return nets.length;
}

function bitsOf(codes: readonly unknown[]): number {
  return Math.max(1, Math.ceil(Math.log2(codes.length)));
}

function usedCodes(codes: readonly (number | null)[], side: string, module: string): number[] {
  const used = codes.flatMap((value, code) => (value === null ? [] : [code]));
  if (used.length === 0) throw new UserError(`netlist ${module}: the ${side} has no codes`);
  for (const code of used) {
    if (!Number.isInteger(codes[code])) {
      throw new UserError(`netlist ${module}: ${side} code ${code} stands for ${codes[code]}, expected an integer`);
    }
  }
  return used;
}
