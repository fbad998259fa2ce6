import { UserError } from "../../formats/error.ts";
import { expectedSums } from "./expectedSums.ts";
import type { Netlist } from "./netlist.ts";
import { randomBits, shuffle } from "./random.ts";
import { compile, type Simulation } from "./simulate.ts";
import { LANES, laneValue, toWords } from "./words.ts";

/** What a MAC must compute: the exact product of two codes as an integer; null if one of them never occurs. */
export type MacReference = (weightCode: number, activationCode: number) => number | null;

export interface MacChecks {
  /** Products in the longest sum, which must not overflow. */
  terms: number;
  /** Rising edges from a pair of codes at the inputs to its product in the accumulator; 1 without further registers. */
  latency?: number;
  /** Products added per cycle: more than one in a dot-product unit. */
  elements?: number;
  /** Bits of the ports `weight_choice` and `activation_choice` of a dot-product unit: above each element's own code. */
  choiceBits?: { weight: number; activation: number };
  ports?: Partial<MacPorts>;
  /** A synchronous clear: the accumulator then takes zero, or the product that it would have added. */
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

export const MAC_PORTS: MacPorts = { weight: "weight", activation: "activation", accumulator: "sum" };

/** Longer sums are not simulated term by term; the width of the accumulator is derived, not measured. */
const MAX_SEQUENCE = 4096;

/**
 * Proves a netlist by gate-level simulation: sequences of `terms` products (all largest, all smallest, both in turn,
 * random), then every pair of codes, accumulating throughout. After each clock the accumulator must have changed by
 * exactly the sum of the products, modulo 2^bits: in a linear accumulator this holds from every start, so no reset is needed.
 * Throws UserError with the first wrong sum.
 */
export function verifyMac(netlist: Netlist, reference: MacReference, checks: MacChecks): MacProof {
  const { terms, latency = 1, elements = 1, choiceBits = NO_CHOICE, clear, seed = 1 } = checks;
  const ports = { ...MAC_PORTS, ...checks.ports };
  const weightBits = codeBits(netlist, ports.weight, elements) + choiceBits.weight;
  const activationBits = codeBits(netlist, ports.activation, elements) + choiceBits.activation;
  if (weightBits + activationBits > MAX_PAIR_BITS) {
    throw new UserError(
      `netlist ${netlist.name}: codes of ${weightBits} and ${activationBits} bits have too many pairs to try all`,
    );
  }
  const pairs = pairsOf(reference, weightBits, activationBits, netlist.name);
  const random = randomBits(seed);
  const product = ([, , value]: Pair) => value;
  const smallest = pairs.reduce((least, pair) => (product(pair) < product(least) ? pair : least));
  const largest = pairs.reduce((most, pair) => (product(pair) > product(most) ? pair : most));
  checkWidth(netlist, ports.accumulator, terms, product(smallest), product(largest));
  const own = { weight: weightBits - choiceBits.weight, activation: activationBits - choiceBits.activation };
  const alike = byChoice(shuffle([...pairs], random), own);
  const drawn = () => alike[(random() >>> 0) % alike.length]!;
  const extremes = [() => largest, () => smallest, (step: number) => (step % 2 ? smallest : largest)];

  const sequenceTerms = Math.min(terms, MAX_SEQUENCE);
  const steps: Pair[][] = [];
  for (let step = 0; step < Math.ceil(sequenceTerms / elements); step++) {
    const lanes = Array.from({ length: LANES }, drawn);
    const draw = (lane: number) => lanes[lane]![(random() >>> 0) % lanes[lane]!.length]!;
    // The largest and the smallest product need not be of one choice.
    steps.push(atEachPlace(elements, (_, lane) => extremes[lane]?.(step) ?? draw(lane)));
  }
  for (const group of alike) {
    for (let first = 0; first < group.length; first += LANES) {
      // Each element of a dot-product unit sees all pairs, in another order.
      steps.push(atEachPlace(elements, (e, lane) => group[(first + lane + e * 37) % group.length]!));
    }
  }

  const simulation = compile(netlist);
  if (clear) simulation.set(clear.port, [0]);
  const sums = expectedSums(portBits(netlist, ports.accumulator));
  const apply = (step: readonly Pair[]) => {
    setCodes(simulation, ports.weight, step, 0, elements, own.weight, choiceBits.weight);
    setCodes(simulation, ports.activation, step, 1, elements, own.activation, choiceBits.activation);
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
  const early = latency - 1;
  for (let t = 0; t < early; t++) sums.restart(apply(steps[t % steps.length]!));
  for (let t = 0; t < steps.length; t++) {
    const found = apply(steps[(t + early) % steps.length]!);
    sums.add(products[t]!, elements);
    compare(found, t);
  }
  // The last states are extremes and random ones: two clears in a row, then on from there.
  for (let t = 0; clear && t < 4; t++) {
    simulation.set(clear.port, [t < 2 ? -1 : 0]);
    const found = apply(steps[(t + early) % steps.length]!);
    if (t < 2) sums.restart(new Int32Array(found.length));
    if (t >= 2 || clear.loads === "product") sums.add(products[t]!, elements);
    compare(found, steps.length + t);
  }
  return { codePairs: pairs.length, checks: compared, sequences: LANES, sequenceTerms };
}

type Pair = readonly [weight: number, activation: number, product: number];

function pairsOf(reference: MacReference, weightBits: number, activationBits: number, module: string): Pair[] {
  const pairs: Pair[] = [];
  for (let w = 0; w < 2 ** weightBits; w++) {
    for (let a = 0; a < 2 ** activationBits; a++) {
      const product = reference(w, a);
      if (product === null) continue;
      if (!Number.isInteger(product)) {
        throw new UserError(`netlist ${module}: codes ${w} and ${a} have the product ${product}, expected an integer`);
      }
      pairs.push([w, a, product]);
    }
  }
  if (pairs.length === 0) throw new UserError(`netlist ${module}: no pair of codes has a product`);
  return pairs;
}

/** 4 × 16 bits or 10 × 10 bits: a million pairs; all pairs of wider codes are too many to list. */
const MAX_PAIR_BITS = 20;

function codeBits(netlist: Netlist, port: string, elements: number): number {
  const bits = portBits(netlist, port) / elements;
  if (Number.isInteger(bits) && bits > 0) return bits;
  throw new UserError(
    `netlist ${netlist.name}: port ${port} has ${portBits(netlist, port)} bits, expected a multiple of ${elements}`,
  );
}

/** Pairs by lane and element: index lane · elements + element. */
function atEachPlace(elements: number, pairAt: (element: number, lane: number) => Pair): Pair[] {
  return Array.from({ length: LANES * elements }, (_, i) => pairAt(i % elements, Math.floor(i / elements)));
}

function setCodes(
  s: Simulation,
  port: string,
  step: readonly Pair[],
  side: 0 | 1,
  elements: number,
  bits: number,
  choiceBits: number,
) {
  const words = new Int32Array(elements * bits);
  const codesOf = (e: number) => Array.from({ length: LANES }, (_, lane) => step[lane * elements + e]![side]);
  for (let e = 0; e < elements; e++) toWords(codesOf(e), bits, words, e * bits);
  s.set(port, words);
  if (choiceBits === 0) return;
  const choice = new Int32Array(choiceBits);
  toWords(
    codesOf(0).map((code) => code >> bits),
    choiceBits,
    choice,
  );
  s.set(`${port}_choice`, choice);
}

const NO_CHOICE = { weight: 0, activation: 0 };

/** Pairs whose codes can be at the elements of a unit together: those of one choice on both sides. */
function byChoice(pairs: readonly Pair[], own: { weight: number; activation: number }): Pair[][] {
  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const key = `${pair[0] >> own.weight} ${pair[1] >> own.activation}`;
    const group = groups.get(key);
    if (group) group.push(pair);
    else groups.set(key, [pair]);
  }
  return [...groups.values()];
}

/** The simulation compares modulo 2^bits; that no sum leaves two's complement follows from the extremes. */
function checkWidth(netlist: Netlist, port: string, terms: number, smallest: number, largest: number): void {
  const bits = portBits(netlist, port);
  const half = 1n << BigInt(bits - 1);
  if (BigInt(terms) * BigInt(largest) >= half || BigInt(terms) * BigInt(smallest) < -half) {
    throw new UserError(
      `netlist ${netlist.name}: ${bits} accumulator bits overflow after fewer than ${terms} products of ${smallest} … ${largest}`,
    );
  }
}

function portBits(netlist: Netlist, port: string): number {
  const nets = netlist.inputs[port] ?? netlist.outputs[port];
  if (!nets) throw new UserError(`netlist ${netlist.name}: no port ${port}`);
  return nets.length;
}
