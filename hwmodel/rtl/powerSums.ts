import { bitLength } from "../operand.ts";
import type { CodedOperand } from "./codes.ts";
import { decodeInteger, decodeSign, lookup } from "./decode.ts";
import { type Bit, comment, type Draft, wire, ZERO } from "./draft.ts";
import { addNumber, heap, type Num, sumHeap } from "./heap.ts";
import { exact } from "./operandKinds.ts";
import type { Operands, Product } from "./product.ts";

/** Magnitudes as sums of one entry of each set; the sets hold powers of two, and 0 is in both unsaid. */
export interface PowerSums {
  first: number[];
  second: number[];
  /** The entries of each code: [first, second], null where the code is reserved. */
  entries: ([number, number] | null)[];
}

/** Sets of more powers than this need wider selectors than a plain multiplier has partial products. */
const MAX_POWERS = 4;

/** The smallest two sets of powers of two whose sums are the operand's magnitudes, the second with one or two; null if there are none. */
export function powerSums(o: Pick<CodedOperand, "integers">): PowerSums | null {
  const magnitudes = [...new Set(exact(o).map(Math.abs))].sort((a, b) => a - b);
  const powers = Array.from({ length: bitLength(magnitudes.at(-1)!) }, (_, k) => 2 ** k);
  const seconds = powers.flatMap((a) => [[a], ...powers.filter((b) => b > a).map((b) => [a, b])]);
  let best: PowerSums | null = null;
  for (const second of seconds) {
    const found = splitBy(magnitudes, second);
    if (!found || found.first.length > MAX_POWERS) continue;
    if (best && found.first.length + second.length >= best.first.length + best.second.length) continue;
    best = {
      first: found.first,
      second,
      entries: o.integers.map((v) => (v === null ? null : found.split.get(Math.abs(v))!)),
    };
  }
  // Without a sum among the values this is a shift, which the float structures do.
  return best?.entries.some((e) => e !== null && e[0] > 0 && e[1] > 0) ? best : null;
}

function splitBy(
  magnitudes: readonly number[],
  second: readonly number[],
): { first: number[]; split: Map<number, [number, number]> } | null {
  const first = new Set<number>();
  const split = new Map<number, [number, number]>();
  for (const m of magnitudes) {
    const rest = [0, ...second].filter((q) => m === q || (m > q && Number.isInteger(Math.log2(m - q))));
    if (rest.length === 0) return null;
    const q = rest.find((r) => m === r || first.has(m - r)) ?? rest[0]!;
    if (m > q) first.add(m - q);
    split.set(m, [m - q, q]);
  }
  return { first: [...first], split };
}

/** The activation times a weight that is a sum of two powers of two: two shifted copies, added, negated by the sign. */
export function integerTimesPowers(d: Draft, o: Operands): Product {
  const { first, second, entries } = powerSums(o.weight)!;
  comment(d, `The activation times {0, ${first.join(", ")}} + {0, ${second.join(", ")}}`);
  const x = decodeInteger(d, o.activation, o.activationCode, "activation");
  const width = o.productBits + 1;
  const h = heap(width);
  [first, second].forEach((powers, which) => {
    const chosen = powers.map((power) => {
      const rows = entries.map((e) => (e === null ? null : Number(e[which as 0 | 1] === power)));
      return { shift: bitLength(power) - 1, select: lookup(d, `takes_${power}`, o.weightCode, rows, 1)[0]! };
    });
    addNumber(d, h, selectShifted(d, x, chosen, width));
  });
  const sign = decodeSign(d, o.weight, o.weightCode, "weight");
  return { bits: sumHeap(d, h, o.style), signed: x.signed, negate: sign === ZERO ? null : sign };
}

/** The number shifted by the selected entry, 0 if none is; at most one select is 1. */
function selectShifted(d: Draft, x: Num, chosen: readonly { shift: number; select: Bit }[], width: number): Num {
  const span = Math.min(width, x.bits.length + Math.max(...chosen.map(({ shift }) => shift)));
  const bits = Array.from({ length: span }, (_, i) => {
    const choices = chosen
      .filter(({ shift }) => i >= shift && (x.signed || i - shift < x.bits.length))
      .map(({ shift, select }) => ({ select, bit: x.bits[Math.min(i - shift, x.bits.length - 1)]! }));
    if (choices.length === 0) return ZERO;
    const inputs = choices.flatMap(({ select, bit }) => [select, bit]);
    return wire(d, "shifted", choices.map(({ select, bit }) => `(${select} & ${bit})`).join(" | "), inputs);
  });
  return { bits, signed: x.signed };
}
