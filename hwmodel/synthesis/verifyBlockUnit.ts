import { UserError } from "../../formats/error.ts";
import type { Netlist } from "../netlist/netlist.ts";
import { randomBits } from "../netlist/random.ts";
import { compile } from "../netlist/simulate.ts";
import { LANES, laneValue, toWords } from "../netlist/words.ts";
import type { BlockUnitRtl } from "../rtl/index.ts";

export interface BlockUnitChecks {
  cycles?: number;
  seed?: number;
  /** Range of scale codes drawn; results must stay in float32's normal range. */
  scales?: [number, number];
}

/**
 * Compares a block unit's netlist with its arithmetic in TypeScript, bit for bit: 32 sums from zero over random blocks. The
 * codes are too many to try all, so this is a test, not a proof. Returns the number of sums compared; throws UserError with
 * the first wrong one.
 */
export function verifyBlockUnit(netlist: Netlist, rtl: BlockUnitRtl, checks: BlockUnitChecks = {}): number {
  const { cycles = 100, seed = 1, scales = [0, 2 ** rtl.scaleBits - 1] } = checks;
  const random = randomBits(seed);
  const below = (limit: number) => (random() >>> 0) % limit;
  const simulation = compile(netlist);
  const bitsOf = (port: string) => netlist.inputs[port]!.length / rtl.elements;
  const codes = { weight: bitsOf("weight"), activation: bitsOf("activation") };
  const sums = new Array<number>(LANES).fill(0);
  const drawn = (bits: number) => Array.from({ length: LANES * rtl.elements }, () => below(2 ** bits));
  let compared = 0;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const weights = drawn(codes.weight);
    const activations = drawn(codes.activation);
    const scaleCodes = [0, 1].map(() =>
      Array.from({ length: LANES }, () => scales[0] + below(scales[1] - scales[0] + 1)),
    );
    const expected = sums.map((sum, lane) => {
      const block = (all: number[]) => all.slice(lane * rtl.elements, (lane + 1) * rtl.elements);
      const pair: [number, number] = [scaleCodes[0]![lane]!, scaleCodes[1]![lane]!];
      let next = rtl.next(sum, block(weights), block(activations), pair);
      if (next === null) {
        // A reserved code: the lane gets zeros in place of this block.
        weights.fill(0, lane * rtl.elements, (lane + 1) * rtl.elements);
        activations.fill(0, lane * rtl.elements, (lane + 1) * rtl.elements);
        next = rtl.next(sum, block(weights), block(activations), pair)!;
      }
      return next;
    });
    for (const [port, all] of [
      ["weight", weights],
      ["activation", activations],
    ] as const) {
      const bits = codes[port];
      const words = new Int32Array(rtl.elements * bits);
      for (let e = 0; e < rtl.elements; e++) {
        const lanes = Array.from({ length: LANES }, (_, lane) => all[lane * rtl.elements + e]!);
        toWords(lanes, bits, words, e * bits);
      }
      simulation.set(port, words);
    }
    if (rtl.scaleBits > 0) {
      ["weight_scale", "activation_scale"].forEach((port, i) => {
        const words = new Int32Array(rtl.scaleBits);
        toWords(scaleCodes[i]!, rtl.scaleBits, words);
        simulation.set(port, words);
      });
    }
    simulation.tick();
    simulation.settle();
    const found = simulation.get("sum");
    for (let lane = 0; lane < LANES; lane++) {
      const value = Number(laneValue(found, lane));
      if (value !== expected[lane]) {
        throw new UserError(
          `netlist ${netlist.name}: cycle ${cycle}: sum is 0x${value.toString(16)}, expected 0x${expected[lane]!.toString(16)} after 0x${sums[lane]!.toString(16)}`,
        );
      }
      sums[lane] = value;
      compared++;
    }
  }
  return compared;
}
