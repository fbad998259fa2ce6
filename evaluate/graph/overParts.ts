import { gradients, influencing } from "./gradients.ts";
import { createGraph, type Graph, input, output, scalar } from "./graph.ts";
import { loop } from "./loop.ts";
import { add, mean, mul, reshape, sum } from "./ops/index.ts";
import type { Value } from "./value.ts";

/** A scalar to be minimised and what to report beside it. */
export interface Loss {
  readonly graph: Graph;
  readonly objective: Value;
  readonly terms: Readonly<Record<string, Value>>;
}

/** Names of a gradient's sum over the parts so far, an input, and of that with this part's, an output. */
export const sumOf = (name: string) => `sum:${name}`;
export const totalOf = (name: string) => `total:${name}`;

/** Adds to a part's graph the gradients by `parameters` added to those of the parts before. */
export function accumulated(part: Graph, objective: Value, parameters: readonly Value[]): void {
  const slopes = gradients(part, objective, parameters);
  for (const [i, { name, type, shape }] of parameters.entries())
    output(part, totalOf(name), add(part, input(part, sumOf(name), type, shape), slopes[i]!));
}

/**
 * The loss of a batch from the graph of one of its `times` equal parts, in the memory of a part: a Loop adds up objectives and
 * gradients by `parameters`, and takes the mean of terms. `own` are the inputs [n, …] of which each part has its own; the batch's
 * are [times·n, …] under the same names.
 */
export function overParts(
  { graph: part, objective, terms }: Loss,
  parameters: readonly Value[],
  own: readonly string[],
  times: number,
): Loss {
  const reached = influencing(part, objective, parameters);
  accumulated(part, objective, reached);
  output(part, "part:objective", objective);
  for (const [name, value] of Object.entries(terms)) output(part, `part:${name}`, value);

  const graph: Graph = { ...createGraph(), wide: part.wide, count: part.count };
  const sums = new Set(reached.map(({ name }) => sumOf(name)));
  const wholes = new Map<string, Value>();
  for (const value of part.inputs) {
    if (!own.includes(value.name)) {
      if (!sums.has(value.name)) graph.inputs.push(value);
      continue;
    }
    const [n, ...rest] = value.shape as [number, ...number[]];
    const whole = input(graph, value.name, value.type, [times * n, ...rest]);
    wholes.set(partOf(value.name), reshape(graph, whole, [times, n, ...rest]));
  }
  // A constant of zeros would be made on the host and copied.
  const zero = (like: Value) => mul(graph, like, scalar(graph, 0, like.type));
  const { ends, alls } = loop(graph, renamed(part, new Set(own)), {
    carried: new Map(reached.map((value) => [sumOf(value.name), { start: zero(value), next: totalOf(value.name) }])),
    own: wholes,
    collected: ["part:objective", ...Object.keys(terms).map((name) => `part:${name}`)],
    times,
    prefix: "part",
  });
  const of = (name: string, fold: typeof sum) => reshape(graph, fold(graph, alls.get(`part:${name}`)!, [0]), []);
  const total = of("objective", sum);
  // What is inside has been differentiated: for the rest of the graph it is one step.
  graph.tape.length = 0;
  graph.tape.push({
    inputs: reached,
    output: total,
    vjp: (grad) => reached.map(({ name }) => mul(graph, ends.get(sumOf(name))!, grad)),
  });
  return {
    graph,
    objective: total,
    terms: Object.fromEntries(Object.keys(terms).map((name) => [name, of(name, mean)])),
  };
}

const partOf = (name: string) => `part:${name}`;

/** The graph with some of its inputs under other names: the body of a Loop may not use those of the graph around it. */
function renamed(graph: Graph, names: ReadonlySet<string>): Graph {
  const other = (value: Value) => (names.has(value.name) ? { ...value, name: partOf(value.name) } : value);
  return {
    ...graph,
    inputs: graph.inputs.map(other),
    nodes: graph.nodes.map((each) => ({ ...each, inputs: each.inputs.map(other) })),
  };
}
