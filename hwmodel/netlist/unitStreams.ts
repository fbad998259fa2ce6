import { type Format, quantize, UserError } from "../../formats/index.ts";
import { scaleCodes } from "../../formats/packing/index.ts";
import { roundToFp16 } from "../codebook.ts";
import { type FloatFormat, floatBits, isFloatFormat } from "../floats.ts";
import type { UnitPort } from "../rtl/index.ts";
import { codeAt, type Distributions, drawRows, groupAt } from "./codeStreams.ts";
import type { PortStreams } from "./toggles.ts";
import { LANES } from "./words.ts";

export interface UnitStreamOptions {
  port: "weight" | "activation";
  bits: UnitPort;
  elements: number;
  cycles: number;
  /** Cycles for which the codes stay. */
  hold: number;
  distribution: Distributions;
  seed: number;
}

/**
 * Codes, choices and scales at the ports of one operand of a unit, for numbers drawn from a distribution: every cycle takes the next
 * `elements` numbers of 32 independent rows, quantized in the format's own groups.
 */
export function unitStreams(operand: Format | FloatFormat, options: UnitStreamOptions): PortStreams {
  const { port, bits, elements, cycles, hold, distribution, seed } = options;
  const columns = Math.ceil(cycles / hold) * elements;
  const numbers = drawRows(distribution, columns, seed);
  const stream = (at: (lane: number, cycle: number) => number) =>
    Uint32Array.from({ length: cycles * LANES }, (_, i) => at(i % LANES, Math.floor(i / LANES / hold)));
  const ofElements = (at: (lane: number, column: number) => number) =>
    Array.from({ length: elements }, (_, e) => stream((lane, cycle) => at(lane, cycle * elements + e)));
  if (isFloatFormat(operand)) {
    return { [port]: ofElements((lane, column) => floatCode(operand, numbers[lane * columns + column]!)) };
  }
  if (operand.coder !== "scaled") throw new UserError(`${operand.id}: its codes alone do not say what is multiplied`);
  const shape = { rows: LANES, cols: columns, oversizeGroup: "row" as const };
  const drawn = quantize(numbers, LANES, columns, operand, { oversizeGroup: "row", name: "drawn numbers" });
  const code = (lane: number, column: number) => codeAt(operand, drawn, columns, lane, column);
  const own = 2 ** bits.bits;
  const scales = bits.scaleBits > 0 ? scaleCodes(drawn, operand, shape) : null;
  const mask = 2 ** bits.scaleBits;
  return {
    [port]: ofElements((lane, column) => code(lane, column) % own),
    ...(bits.choiceBits > 0
      ? { [`${port}_choice`]: stream((lane, cycle) => Math.floor(code(lane, cycle * elements) / own)) }
      : {}),
    ...(scales
      ? {
          [`${port}_scale`]: stream((lane, cycle) => scales[groupAt(operand, columns, lane, cycle * elements)]! % mask),
        }
      : {}),
  };
}

const single = new Float32Array(1);
const pattern = new Uint32Array(single.buffer);

/** The code of a number in FP16 or BF16, ties to even; numbers beyond the range become the largest. */
function floatCode(float: FloatFormat, x: number): number {
  const { exponentBits, fractionBits, bias } = float;
  if (float.id === "fp16") {
    const rounded = Math.min(65504, Math.abs(roundToFp16(x)));
    const exponent = rounded === 0 ? -14 : Math.max(-14, Math.floor(Math.log2(rounded)));
    const units = rounded / 2 ** (exponent - fractionBits);
    const field = units < 2 ** fractionBits ? 0 : exponent + bias;
    return Number(x < 0) * 2 ** (floatBits(float) - 1) + field * 2 ** fractionBits + (units % 2 ** fractionBits);
  }
  // The upper half of a float32, which has its exponents.
  single[0] = x;
  const upper = Math.floor((pattern[0]! + 0x7fff + ((pattern[0]! >>> 16) & 1)) / 2 ** 16);
  return upper % 2 ** (1 + exponentBits + fractionBits);
}
