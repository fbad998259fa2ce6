/**
 * Size of a truth table as logic: nodes of the reduced ordered binary decision diagrams of its outputs, shared between
 * them (Bryant 1986). A node is a multiplexer; a bare input is a wire and costs nothing.
 * `table[code]` is the output word of an `inputs`-bit code; `orders` are variable orders to try, the best counts.
 */
export function diagramNodes(
  table: readonly number[],
  inputs: number,
  outputs: number,
  orders: readonly number[][],
): number {
  let best = Number.POSITIVE_INFINITY;
  for (const order of orders) best = Math.min(best, nodes(table, inputs, outputs, order));
  return best;
}

function nodes(table: readonly number[], inputs: number, outputs: number, order: readonly number[]): number {
  const unique = new Map<string, number>();
  let literals = 0;
  // Ids 0 and 1 are the constants.
  const build = (entries: readonly number[], level: number): number => {
    if (entries.length === 1) return entries[0]!;
    const half = entries.length / 2;
    const low = build(entries.slice(0, half), level + 1);
    const high = build(entries.slice(half), level + 1);
    if (low === high) return low;
    const key = `${level},${low},${high}`;
    let id = unique.get(key);
    if (id === undefined) {
      id = unique.size + 2;
      unique.set(key, id);
      if (low < 2 && high < 2) literals++;
    }
    return id;
  };
  const size = 2 ** inputs;
  for (let bit = 0; bit < outputs; bit++) {
    const weight = 2 ** bit;
    const entries = new Array<number>(size);
    for (let i = 0; i < size; i++) {
      let code = 0;
      for (let level = 0; level < inputs; level++) if (i & (1 << (inputs - 1 - level))) code |= 1 << order[level]!;
      entries[i] = Math.floor((table[code] ?? 0) / weight) % 2;
    }
    build(entries, 0);
  }
  return unique.size - literals;
}

/** Most significant input first, the reverse, and (for two operands) the bits of both interleaved. */
export function inputOrders(inputs: number): number[][] {
  const up = Array.from({ length: inputs }, (_, i) => i);
  const down = [...up].reverse();
  const half = inputs >> 1;
  const interleaved = inputs % 2 === 0 ? up.map((i) => (i % 2 === 0 ? i / 2 : half + (i - 1) / 2)) : up;
  return [down, up, interleaved, [...interleaved].reverse()];
}
