import type { Graph, Value } from "../graph/index.ts";

/** One input of linear layers: what q, k and v share, or gate and up. All of a site's layers see the same activations. */
export interface Site {
  /** The activations in the model's graph, [tokens, columns]. */
  readonly input: Value;
  /** Input channels: the columns of each weight matrix. */
  readonly columns: number;
  /** Weight names of the layers, in the order of computation. */
  readonly layers: readonly string[];
}

/**
 * Finds where the named weights meet their inputs in a model's graph: each site once, in the order of computation. It
 * reads the tape, so that any architecture that applies its layers with `linear` is calibrated without a line of its own.
 * `unrounded` are the inputs of layers that round them, by weight: a site is what a layer is given, before that.
 * Throws for a weight that no linear layer uses: its quantization would go uncalibrated without a word.
 */
export function sitesOf(
  graph: Graph,
  layers: readonly string[],
  unrounded: ReadonlyMap<string, Value> = new Map(),
): Site[] {
  const wanted = new Set(layers);
  const sites = new Map<string, { input: Value; columns: number; layers: string[] }>();
  for (const { inputs } of graph.tape) {
    const [multiplied, weight] = inputs;
    if (!multiplied || !weight || !wanted.delete(weight.name)) continue;
    const x = unrounded.get(weight.name) ?? multiplied;
    const site = sites.get(x.name) ?? { input: x, columns: x.shape.at(-1)!, layers: [] };
    site.layers.push(weight.name);
    sites.set(x.name, site);
  }
  if (wanted.size > 0) throw new Error(`internal: no linear layer of the graph uses ${[...wanted].join(", ")}`);
  const made = producers(graph);
  return [...sites.values()].sort((a, b) => made.get(a.input.name)! - made.get(b.input.name)!);
}

/** Index of the node that makes each value. */
export function producers(graph: Graph): Map<string, number> {
  return new Map(graph.nodes.flatMap(({ outputs }, index) => outputs.map(({ name }) => [name, index] as const)));
}
