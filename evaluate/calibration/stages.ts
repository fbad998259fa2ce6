import { type Graph, output, type Value } from "../graph/index.ts";
import { producers, type Site } from "./site.ts";

/** The part of a model between one site and the next, as a model of its own. */
export interface Stage {
  readonly site: Site;
  /** Its inputs are weights, tokens and the `carried` values, its outputs `outputOf` of the `made` ones. */
  readonly graph: Graph;
  /** Activations it takes from the stages before, by a name that is the same in the same model for other batches. */
  readonly carried: ReadonlyMap<string, Value>;
  /** Activations it makes that it or a later stage is asked for; the site's input is one. */
  readonly made: ReadonlyMap<string, Value>;
  /** Which of `made` or `carried` the site's input is. */
  readonly input: string;
  /** Names of all activations that later stages need: the rest can be forgotten. */
  readonly kept: readonly string[];
}

/** Name of a made value among a stage's outputs: the value's own name is taken by the node that makes it. */
export const outputOf = (value: Value): string => `out:${value.name}`;

/**
 * Cuts a model's graph at its sites, so that a calibration runs each layer once: a stage starts from the activations
 * that cross its first cut and ends with the next site's input. What crosses a cut follows from the graph (a residual
 * stream and the site's input, in a transformer), not from the architecture. `tokens` is the graph's data input; all
 * other inputs are weights. What follows the last site (the head) is left out.
 */
export function cutStages(graph: Graph, tokens: Value, sites: readonly Site[]): Stage[] {
  const made = producers(graph);
  const data = dependents(graph, tokens.name);
  const needed = ancestors(
    graph,
    sites.map(({ input }) => input.name),
  );
  const names = new Map<Value["name"], string>();
  let from = -1;
  let carried: Value[] = [];
  return sites.map((site, index) => {
    const at = made.get(site.input.name)!;
    const crossing = new Map<string, Value>();
    for (const [i, { inputs }] of graph.nodes.entries()) {
      if (i <= at || !needed.has(i)) continue;
      for (const value of inputs) {
        const before = made.get(value.name) ?? at + 1;
        if (data.has(value.name) && before <= at) crossing.set(value.name, value);
      }
    }
    const last = index === sites.length - 1;
    const all = new Map([...(last ? [] : crossing), [site.input.name, site.input]]);
    const fresh = [...all.values()].filter(({ name }) => (made.get(name) ?? -1) > from);
    const part: Graph = {
      inputs: [...graph.inputs, ...carried],
      outputs: [],
      constants: graph.constants,
      // Nodes before the cut that no token reaches are constants in the making: cheaper again than carried.
      nodes: graph.nodes.filter((n, i) => i <= at && (i > from || !n.outputs.some(({ name }) => data.has(name)))),
      tape: [],
      count: graph.count,
      wide: graph.wide,
    };
    for (const value of fresh) output(part, outputOf(value), value);
    for (const [i, { name }] of fresh.entries()) names.set(name, `${index}.${i}`);
    const named = (values: readonly Value[]) => new Map(values.map((value) => [names.get(value.name)!, value]));
    const stage = {
      site,
      graph: part,
      carried: named(carried),
      made: named(fresh),
      input: names.get(site.input.name)!,
      kept: last ? [] : [...named([...crossing.values()]).keys()],
    };
    from = at;
    carried = [...crossing.values()];
    return stage;
  });
}

/** Names of the values that a value influences, itself included. */
function dependents(graph: Graph, name: string): Set<string> {
  const reached = new Set([name]);
  for (const { inputs, outputs } of graph.nodes) {
    if (inputs.some((v) => reached.has(v.name))) for (const v of outputs) reached.add(v.name);
  }
  return reached;
}

/** Indices of the nodes that the named values need. */
function ancestors(graph: Graph, names: readonly string[]): Set<number> {
  const wanted = new Set(names);
  const found = new Set<number>();
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const { inputs, outputs } = graph.nodes[i]!;
    if (!outputs.some(({ name }) => wanted.has(name))) continue;
    found.add(i);
    for (const { name } of inputs) wanted.add(name);
  }
  return found;
}
