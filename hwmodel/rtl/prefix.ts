import { fullAdder, halfAdder } from "./adders.ts";
import { type Bit, type Draft, ONE, wire, ZERO } from "./draft.ts";

/**
 * Sums columns of bits with few gate levels: a tree of adder cells (Dadda 1965) leaves two rows, which a parallel-prefix
 * adder (Sklansky 1960) sums with log2(width) levels of carry logic. Bits beyond `width` columns are dropped.
 */
export function prefixSum(d: Draft, columns: Bit[][], width: number): Bit[] {
  const heights = [2];
  while (heights.at(-1)! < Math.max(...columns.map((c) => c.length))) heights.push(Math.floor(heights.at(-1)! * 1.5));
  for (const height of heights.reverse()) daddaStage(d, columns, height);
  return sklansky(
    d,
    columns.map((column) => [column[0] ?? ZERO, column[1] ?? ZERO] as const),
    width,
  );
}

function daddaStage(d: Draft, columns: Bit[][], height: number): void {
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    while (column.length > height) {
      column.sort((x, y) => (d.depth.get(x) ?? 0) - (d.depth.get(y) ?? 0));
      const excess = column.length - height;
      const [a, b, c] = column.splice(0, excess === 1 ? 2 : 3) as [Bit, Bit, Bit?];
      const { sum, carry } = c === undefined ? halfAdder(d, a, b) : fullAdder(d, a, b, c);
      if (sum !== ZERO) column.push(sum);
      if (carry !== ZERO) columns[i + 1]?.push(carry);
    }
  }
}

/** generate: a carry leaves the span; propagate: a carry into the span leaves it. */
interface Span {
  generate: Bit;
  propagate: Bit;
}

function sklansky(d: Draft, rows: readonly (readonly [Bit, Bit])[], width: number): Bit[] {
  const half = rows.map(([a, b]) => ({ propagate: logic(d, "xor", a, b), generate: logic(d, "and", a, b) }));
  const spans: Span[] = [...half];
  for (let step = 1; step < width; step *= 2) {
    for (let i = 0; i < width; i++) {
      if (!(i & step)) continue;
      const low = spans[i - (i % step) - 1]!;
      const high = spans[i]!;
      spans[i] = {
        generate: logic(d, "or", high.generate, logic(d, "and", high.propagate, low.generate)),
        propagate: logic(d, "and", high.propagate, low.propagate),
      };
    }
  }
  return half.map(({ propagate }, i) => (i === 0 ? propagate : logic(d, "xor", propagate, spans[i - 1]!.generate)));
}

function logic(d: Draft, gate: "and" | "or" | "xor", a: Bit, b: Bit): Bit {
  const [x, y] = a === ZERO || a === ONE ? [a, b] : [b, a];
  if (x === ZERO) return gate === "and" ? ZERO : y;
  if (x === ONE) {
    if (gate === "and") return y;
    if (gate === "or" || y === ZERO) return ONE;
    return y === ONE ? ZERO : wire(d, "p", `~${y}`, [y]);
  }
  const [stem, operator] = { and: ["g", "&"], or: ["g", "|"], xor: ["p", "^"] }[gate] as [string, string];
  return wire(d, stem, `${x} ${operator} ${y}`, [x, y]);
}
