/** Ids in one key below 2^53; the largest tables here have some hundreds of nodes. */
const MAX_NODES = 2 ** 22;

/**
 * Size of a truth table as logic: nodes of the reduced ordered binary decision diagrams of its outputs, shared between
 * them (Bryant 1986). A node with a constant child is an AND or OR (`gate`), any other a multiplexer (`mux`); a bare
 * input is a wire and costs nothing. `table[code]` is the output word of an `inputs`-bit code; the best of a few variable orders counts.
 */
export function diagramOf(table: readonly number[], inputs: number, outputs: number): { gate: number; mux: number } {
  const found = inputOrders(inputs).map((order) => nodes(table, inputs, outputs, order));
  return found.reduce((a, b) => (b.gate + b.mux < a.gate + a.mux ? b : a));
}

function nodes(
  table: readonly number[],
  inputs: number,
  outputs: number,
  order: readonly number[],
): { gate: number; mux: number } {
  const unique = new Map<number, number>();
  let gate = 0;
  let mux = 0;
  // Ids 0 and 1 are the constants.
  const build = (entries: readonly number[], level: number): number => {
    if (entries.length === 1) return entries[0]!;
    const half = entries.length / 2;
    const low = build(entries.slice(0, half), level + 1);
    const high = build(entries.slice(half), level + 1);
    if (low === high) return low;
    const key = (level * MAX_NODES + low) * MAX_NODES + high;
    let id = unique.get(key);
    if (id === undefined) {
      id = unique.size + 2;
      unique.set(key, id);
      if (low >= 2 && high >= 2) mux++;
      else if (low >= 2 || high >= 2) gate++;
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
  return { gate, mux };
}

/** Most significant input first, the reverse, and (for two operands) the bits of both interleaved. */
function inputOrders(inputs: number): number[][] {
  const up = Array.from({ length: inputs }, (_, i) => i);
  const down = [...up].reverse();
  const half = inputs >> 1;
  const interleaved = inputs % 2 === 0 ? up.map((i) => (i % 2 === 0 ? i / 2 : half + (i - 1) / 2)) : up;
  return [down, up, interleaved, [...interleaved].reverse()];
}
