import { fullAdder, halfAdder } from "./adders.ts";
import { type Bit, type Draft, not, ONE, wire, ZERO } from "./draft.ts";
import { prefixSum } from "./prefix.ts";

/** Bits to be added: `columns[i]` holds bits of weight 2^i, modulo 2^width; `constant` is added to them. */
export interface Heap {
  width: number;
  columns: Bit[][];
  constant: bigint;
}

/** How a heap becomes a number: by a ripple of adder cells (smallest), or a tree and a parallel-prefix adder (fastest). */
export type AdderStyle = "ripple" | "prefix";

/** An integer as bits, least significant first; `signed`: the last bit weighs −2^(n−1). */
export interface Num {
  bits: Bit[];
  signed: boolean;
}

export function heap(width: number): Heap {
  return { width, columns: Array.from({ length: width }, () => []), constant: 0n };
}

export function addBit(h: Heap, column: number, bit: Bit): void {
  if (column >= h.width || bit === ZERO) return;
  if (bit === ONE) h.constant += 1n << BigInt(column);
  else h.columns[column]!.push(bit);
}

/** −2^c·x = 2^c·(1 − x) − 2^c: the inverted bit and a constant (Baugh and Wooley 1973), no extension of the sign. */
export function subtractBit(d: Draft, h: Heap, column: number, bit: Bit): void {
  if (column >= h.width || bit === ZERO) return;
  h.constant -= 1n << BigInt(column);
  if (bit !== ONE) addBit(h, column, not(d, bit));
}

export function addNumber(d: Draft, h: Heap, { bits, signed }: Num, shift = 0): void {
  bits.forEach((bit, i) => {
    if (signed && i === bits.length - 1) subtractBit(d, h, i + shift, bit);
    else addBit(h, i + shift, bit);
  });
}

/** Adds all partial products of two numbers. */
export function addProduct(d: Draft, h: Heap, a: Num, b: Num): void {
  a.bits.forEach((x, i) => {
    b.bits.forEach((y, j) => {
      if (i + j >= h.width) return;
      const negative = (a.signed && i === a.bits.length - 1) !== (b.signed && j === b.bits.length - 1);
      const partial = x === ONE ? y : y === ONE ? x : wire(d, `partial_${i}_${j}`, `${x} & ${y}`, [x, y]);
      if (negative) subtractBit(d, h, i + j, partial);
      else addBit(h, i + j, partial);
    });
  });
}

/** Sums the heap to `width` bits. */
export function sumHeap(d: Draft, h: Heap, style: AdderStyle): Bit[] {
  const columns = h.columns.map((column) => [...column]);
  const constant = BigInt.asUintN(h.width, h.constant);
  for (let i = 0; i < h.width; i++) if ((constant >> BigInt(i)) & 1n) columns[i]!.push(ONE);
  if (style === "prefix") return prefixSum(d, columns, h.width);
  const result: Bit[] = [];
  for (let i = 0; i < h.width; i++) result.push(sumColumn(d, columns, i));
  return result;
}

/** Adds up one column, earliest bits first and constants last, and carries into the next; the top one drops its carries. */
function sumColumn(d: Draft, columns: Bit[][], i: number): Bit {
  const column = columns[i]!;
  const arrival = (bit: Bit) => (bit === ONE ? Number.POSITIVE_INFINITY : (d.depth.get(bit) ?? 0));
  if (i === columns.length - 1)
    return parity(
      d,
      column.sort((x, y) => arrival(x) - arrival(y)),
    );
  while (column.length > 1) {
    column.sort((x, y) => arrival(x) - arrival(y));
    const [a, b, c] = column.splice(0, Math.min(3, column.length)) as [Bit, Bit, Bit?];
    const { sum, carry } = c === undefined ? halfAdder(d, a, b) : fullAdder(d, a, b, c);
    if (sum !== ZERO) column.push(sum);
    if (carry !== ZERO) columns[i + 1]!.push(carry);
  }
  return column[0] ?? ZERO;
}

export function parity(d: Draft, bits: readonly Bit[]): Bit {
  const variable = bits.filter((bit) => bit !== ONE && bit !== ZERO);
  const odd = bits.filter((bit) => bit === ONE).length % 2 === 1;
  if (variable.length === 0) return odd ? ONE : ZERO;
  if (variable.length === 1) return odd ? not(d, variable[0]!) : variable[0]!;
  const chain = variable.join(" ^ ");
  return wire(d, "sum", odd ? `~(${chain})` : chain, variable);
}
