import { type Graph, gradients, ints, linear, mul, node, type Value } from "../graph/index.ts";
import { elementTypes } from "../graph/value.ts";

/** Elements of the logits that exist at a time: 16 MB in float32, of which a loss holds about ten. */
const CHUNK_ELEMENTS = 1 << 22;

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

/** Rows from … to − 1 of a batch; `after` is an int64 zero that is known once the rows before have been dealt with. */
export interface Rows {
  readonly from: number;
  readonly to: number;
  readonly after: Value | null;
}

/**
 * Those rows of x [n,…], off the tape. onnxruntime orders nodes by what they depend on alone: rows that begin at a number which
 * only the chunk before yields are not cut, and nothing is made of them, before that chunk's memory is free again.
 */
export function rowsAfter(graph: Graph, x: Value, { from, to, after }: Rows): Value {
  if (from === 0 && to === x.shape[0]) return x;
  const ends = (row: number) => (after ? node(graph, "Add", [ints(graph, [row]), after], [1]) : ints(graph, [row]));
  return node(graph, "Slice", [x, ends(from), ends(to), ints(graph, [0])], [to - from, ...x.shape.slice(1)]);
}

/** An int64 zero [1] that is known once all of the values are. */
export function zeroAfter(graph: Graph, values: readonly Value[]): Value {
  const each = values.map((x) => {
    if (x.shape.length === 0) return known(graph, node(graph, "Reshape", [x, ints(graph, [1])], [1]));
    const each = (k: number) => ints(graph, new Array(x.shape.length).fill(k));
    const axes = ints(graph, [...x.shape.keys()]);
    const corner = node(graph, "Slice", [x, each(0), each(1), axes], new Array(x.shape.length).fill(1));
    const first = node(graph, "Reshape", [corner, ints(graph, [1])], [1]);
    return known(graph, first);
  });
  const sum = each.reduce((a, b) => node(graph, "Add", [a, b], [1]));
  return node(graph, "Mul", [sum, ints(graph, [0])], [1]);
}

/** int64 0 or 1 [1], once x [1] is there. */
function known(graph: Graph, x: Value): Value {
  const wrong = node(graph, "IsNaN", [x], [1], { type: "bool" });
  return node(graph, "Cast", [wrong], [1], { type: "int64", attributes: { to: elementTypes.int64 } });
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
  loss: (logits: Value, rows: Rows) => Readonly<Record<string, Value>>,
): Record<string, Value> {
  const n = hidden.shape[0]!;
  const totals: Record<string, Value> = {};
  const slopes: Value[] = [];
  const inner = graph.tape.length;
  let dWeight: Value | null = null;
  let after: Value | null = null;
  for (let from = 0; from < n; from += rows) {
    const chunk: Rows = { from, to: Math.min(from + rows, n), after };
    const part = rowsAfter(graph, hidden, chunk);
    const values = loss(linear(graph, part, weight), chunk);
    // A tied head is an embedding too: what the hidden states owe to it is not this loss's to follow.
    const [dPart, dHead] = gradients(graph, values.objective!, [part, weight], inner) as [Value, Value];
    slopes.push(dPart);
    dWeight = dWeight ? node(graph, "Add", [dWeight, dHead], weight.shape) : dHead;
    for (const [name, value] of Object.entries(values)) {
      const sofar = totals[name];
      totals[name] = sofar ? node(graph, "Add", [sofar, value], value.shape) : value;
    }
    after = zeroAfter(graph, [dPart, dWeight, ...Object.values(totals)]);
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
