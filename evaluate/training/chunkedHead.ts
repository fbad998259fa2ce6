import { type Graph, gradients, linear, mul, node, slice, type Value } from "../graph/index.ts";

/** Elements of the logits that exist at a time: 64 MB in float32, of which a loss holds a few. */
const CHUNK_ELEMENTS = 1 << 24;

/** The product that made logits: hidden states [n,d] times head [vocab,d]. */
export interface Head {
  readonly hidden: Value;
  readonly weight: Value;
}

/** What logits were made from; null where something follows the product (a bias, a soft cap). */
export function headOf({ tape }: Graph, logits: Value): Head | null {
  const last = tape.findLast(({ output }) => output === logits);
  const [hidden, weight] = last?.inputs ?? [];
  const isProduct = hidden?.shape.length === 2 && weight?.shape.length === 2 && weight.shape[0] === logits.shape[1];
  return isProduct && hidden.shape[0] === logits.shape[0] ? { hidden, weight } : null;
}

/** Rows of logits at a time, so that they stay within `CHUNK_ELEMENTS`. */
export function chunkRows(vocab: number, elements = CHUNK_ELEMENTS): number {
  return Math.max(1, Math.floor(elements / vocab));
}

/**
 * Σ over chunks of `loss(logits of rows from … to)`, the logits being hidden · weightᵀ. Each chunk's gradient is computed
 * right after its loss, so that neither logits nor probabilities of one chunk outlive it: their memory is that of one
 * chunk, whatever the number of tokens. `loss` gives scalars that are summed over the chunks by name; the one called
 * `objective` is what is differentiated.
 */
export function overChunks(
  graph: Graph,
  { hidden, weight }: Head,
  rows: number,
  loss: (logits: Value, from: number, to: number) => Readonly<Record<string, Value>>,
): Record<string, Value> {
  const n = hidden.shape[0]!;
  const totals: Record<string, Value> = {};
  const slopes: Value[] = [];
  const inner = graph.tape.length;
  let dWeight: Value | null = null;
  for (let from = 0; from < n; from += rows) {
    const to = Math.min(from + rows, n);
    const part = slice(graph, hidden, 0, from, to);
    const values = loss(linear(graph, part, weight), from, to);
    const [dPart, dHead] = gradients(graph, values.objective!, [part, weight]) as [Value, Value];
    slopes.push(dPart);
    dWeight = dWeight ? node(graph, "Add", [dWeight, dHead], weight.shape) : dHead;
    for (const [name, value] of Object.entries(values)) {
      const sofar = totals[name];
      totals[name] = sofar ? node(graph, "Add", [sofar, value], value.shape) : value;
    }
  }
  // What is inside has been differentiated: for the rest of the graph it is one step.
  graph.tape.length = inner;
  const dHidden =
    slopes.length === 1 ? slopes[0]! : node(graph, "Concat", slopes, hidden.shape, { attributes: { axis: 0 } });
  graph.tape.push({
    inputs: [hidden, weight],
    output: totals.objective!,
    vjp: (grad) => [mul(graph, dHidden, grad), mul(graph, dWeight!, grad)],
  });
  return totals;
}
