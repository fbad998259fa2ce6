import { UserError } from "../../formats/error.ts";
import { type BlockScale, type Float32UnitRtl, scaleBits } from "../rtl/index.ts";
import type { Netlist } from "./netlist.ts";
import { randomBits, shuffle } from "./random.ts";
import { compile } from "./simulate.ts";
import { LANES, laneValue, toWords } from "./words.ts";

export interface Float32UnitProof {
  /** Pairs of codes that every element was given, and how many there are. */
  codePairs: number;
  allPairs: number;
  /** Registers compared bit for bit. */
  checks: number;
}

/** 4-bit weights × FP16 are a million pairs; of more, so many are drawn. */
const MAX_PAIRS = 2 ** 20;
/** Pairs of a group that are also added to random sums: all where there are not very many. */
const MAX_RANDOM_SUMS = 2 ** 17;
/** Longest run that accumulates, in blocks. */
const CHAIN = 256;

/**
 * Compares a float32 unit's netlist with its arithmetic in TypeScript, bit for bit: every pair of codes at every element (of more
 * than 2^20, so many of them) added to zero and to random sums, with random scales; then runs of 256 blocks in which
 * the largest, the smallest and both products in turn add up. Throws UserError with the first wrong sum.
 */
export function verifyFloat32Unit(netlist: Netlist, rtl: Float32UnitRtl, seed = 1): Float32UnitProof {
  const { elements, ports } = rtl;
  const random = randomBits(seed);
  const below = (limit: number) => (random() >>> 0) % limit;
  const { groups, allPairs } = pairGroups(rtl, random);
  const simulation = compile(netlist);
  const codes = (port: Port, blocks: readonly Block[], side: 0 | 1) => {
    const { bits, choiceBits } = ports[port];
    const words = new Int32Array(elements * bits);
    for (let e = 0; e < elements; e++) {
      toWords(
        blocks.map((block) => block[e]![side]),
        bits,
        words,
        e * bits,
      );
    }
    simulation.set(port, words);
    if (choiceBits === 0) return;
    const choice = new Int32Array(choiceBits);
    toWords(
      blocks.map((block) => Math.floor(block[0]![side] / 2 ** bits)),
      choiceBits,
      choice,
    );
    simulation.set(`${port}_choice`, choice);
  };
  const scaleCodes = rtl.scales.map(() => new Array<number>(LANES).fill(0)) as [number[], number[]];
  const drawScales = () => {
    rtl.scales.forEach((scale, side) => {
      if (scale === null) return;
      const drawn = scaleCodes[side]!;
      for (let lane = 0; lane < LANES; lane++) drawn[lane] = drawScale(scale, below);
      const words = new Int32Array(scaleBits(scale));
      toWords(drawn, words.length, words);
      simulation.set(`${PORTS[side]}_scale`, words);
    });
  };
  let checks = 0;
  const step = (before: readonly number[], blocks: readonly Block[]): number[] => {
    codes("weight", blocks, 0);
    codes("activation", blocks, 1);
    simulation.tick();
    simulation.settle();
    const found = simulation.get("sum");
    return before.map((sum, lane) => {
      const block = blocks[lane]!;
      const scales = [scaleCodes[0][lane]!, scaleCodes[1][lane]!] as const;
      const expected = rtl.next(
        sum,
        block.map(([weight]) => weight),
        block.map(([, activation]) => activation),
        scales,
      );
      const value = Number(laneValue(found, lane));
      if (value !== expected) {
        throw new UserError(
          `netlist ${netlist.name}: sum is 0x${value.toString(16)}, expected 0x${expected?.toString(16)} after 0x${sum.toString(16)}`,
        );
      }
      checks++;
      return value;
    });
  };
  const words = new Int32Array(32);
  const zero = new Array<number>(LANES).fill(0);
  let codePairs = 0;
  for (const pairs of groups) {
    codePairs += pairs.length;
    for (const [sums, count] of [
      [() => zero, pairs.length],
      [() => zero.map(() => randomSum(below)), Math.min(pairs.length, MAX_RANDOM_SUMS)],
    ] as const) {
      for (let first = 0; first < count; first += LANES) {
        drawScales();
        const before = sums();
        toWords(before, 32, words);
        simulation.load("sum", words);
        step(
          before,
          blocksOf((lane, e) => pairs[(first + lane + e * 37) % pairs.length]!, elements),
        );
      }
    }
  }
  const sizes = groups.map(extremesOf);
  const extremes = [sizes.map(([, most]) => most), sizes.map(([least]) => least)].map((all) =>
    all.reduce((a, b) => (Math.abs(b[2]) > Math.abs(a[2]) ? b : a)),
  ) as [Pair, Pair];
  simulation.load("sum", new Int32Array(32));
  let sums = zero;
  for (let t = 0; t < CHAIN; t++) {
    drawScales();
    const blocks = blocksOf((lane, e) => {
      if (lane < 2) return extremes[lane as 0 | 1];
      if (lane === 2) return extremes[(t % 2) as 0 | 1];
      const pairs = groups[(lane + t) % groups.length]!;
      return e === 0 ? pairs[below(pairs.length)]! : pairs[(t * 37 + lane + e) % pairs.length]!;
    }, elements);
    sums = step(sums, blocks);
  }
  return { codePairs, allPairs, checks };
}

const PORTS = ["weight", "activation"] as const;
type Port = (typeof PORTS)[number];
/** Codes, and the product for finding extremes. */
type Pair = readonly [weight: number, activation: number, size: number];
type Block = readonly Pair[];

function blocksOf(at: (lane: number, element: number) => Pair, elements: number): Block[] {
  return Array.from({ length: LANES }, (_, lane) => Array.from({ length: elements }, (_, e) => at(lane, e)));
}

/** Pairs of codes in random order, in groups that may stand together: those of one choice on both sides. */
function pairGroups(rtl: Float32UnitRtl, random: () => number): { groups: Pair[][]; allPairs: number } {
  const { weight, activation } = rtl.ports;
  const sizes = [2 ** (weight.bits + weight.choiceBits), 2 ** (activation.bits + activation.choiceBits)] as const;
  const count = sizes[0] * sizes[1];
  const drawn = count > MAX_PAIRS;
  const groups = new Map<number, Pair[]>();
  let left = 0;
  for (let i = 0; i < Math.min(count, MAX_PAIRS); i++) {
    const w = drawn ? (random() >>> 0) % sizes[0] : Math.floor(i / sizes[1]);
    const x = drawn ? (random() >>> 0) % sizes[1] : i % sizes[1];
    const product = rtl.product(w, x);
    if (product === null) continue;
    left++;
    const key = Math.floor(w / 2 ** weight.bits) * 2 ** activation.choiceBits + Math.floor(x / 2 ** activation.bits);
    const pair: Pair = [w, x, product.value * 2 ** product.exponent];
    const group = groups.get(key);
    if (group) group.push(pair);
    else groups.set(key, [pair]);
  }
  if (left === 0) throw new UserError(`${rtl.top}: no pair of codes has a product`);
  return { groups: [...groups.values()].map((pairs) => shuffle(pairs, random)), allPairs: drawn ? count : left };
}

function extremesOf(pairs: readonly Pair[]): [Pair, Pair] {
  const least = pairs.reduce((a, b) => (b[2] < a[2] ? b : a));
  return [least, pairs.reduce((a, b) => (b[2] > a[2] ? b : a))];
}

/** A sum that is zero, or a float32 from 2^−60 to 2^60 of any sign. */
function randomSum(below: (limit: number) => number): number {
  if (below(16) === 0) return 0;
  const exponent = 67 + below(121);
  return ((below(2) << 31) | (exponent << 23) | below(2 ** 23)) >>> 0;
}

/** Any code, but of eight exponent bits those in the middle: what is above float32's range is not defined. */
function drawScale({ exponentBits, fractionBits, bias, signed }: BlockScale, below: (limit: number) => number): number {
  const fields = 2 ** exponentBits;
  // Infinity and NaN have the topmost field of the floats that keep them.
  const field = exponentBits >= 8 ? bias - 20 + below(40) : below(fractionBits === 10 ? fields - 1 : fields);
  const sign = signed ? below(2) * 2 ** (exponentBits + fractionBits) : 0;
  return sign + field * 2 ** fractionBits + below(2 ** fractionBits);
}
