import { createGraph, type Graph, input, int64, type Node, output } from "./graph.ts";
import type { Value } from "./value.ts";

/** What of a step's inputs and outputs goes from one repetition to the next. */
export interface Repetition {
  /** Outputs that are the next repetition's inputs, by the input's name. */
  readonly carried: ReadonlyMap<string, string>;
  /** Inputs of which each repetition has its own. */
  readonly own: readonly string[];
  /** Outputs wanted of every repetition. */
  readonly collected: readonly string[];
  readonly times: number;
}

/**
 * A graph that runs the graph of one step several times, in a Loop operator: state stays where the loop runs, and a run of
 * the session carries it in and out once, whatever the number of steps. Names: a carried input becomes `start:NAME`, its
 * output `end:NAME`; an input that each repetition has its own of becomes `each:NAME` with a first dimension of `times`, a
 * collected output `all:NAME`; other inputs stay as they are. (A body may not use names of the graph around it.)
 */
export function repeated(step: Graph, { carried, own, collected, times }: Repetition): Graph {
  const inputs = new Map(step.inputs.map((v) => [v.name, v]));
  const outputs = new Map(step.outputs.map(({ name, value }) => [name, value]));
  const outer: Graph = { ...createGraph(), count: step.count };
  const starts = [...carried.keys()].map((name) => {
    const { type, shape } = inputs.get(name)!;
    return input(outer, `start:${name}`, type, shape);
  });
  const gathers = own.map((name): Node => {
    const each = inputs.get(name)!;
    const all = input(outer, `each:${name}`, each.type, [times, ...each.shape]);
    return { type: "Gather", domain: "", inputs: [all, ITERATION], outputs: [each], attributes: { axis: 0 } };
  });
  for (const value of step.inputs) if (!carried.has(value.name) && !own.includes(value.name)) outer.inputs.push(value);

  const body: Graph = {
    ...step,
    inputs: [ITERATION, GOING, ...[...carried.keys()].map((name) => inputs.get(name)!)],
    outputs: [],
    nodes: [...gathers, ...step.nodes],
    tape: [],
  };
  output(body, "loop:goes", GOING);
  for (const name of [...carried.values(), ...collected]) body.outputs.push({ name, value: outputs.get(name)! });

  const ends = [...carried.values()].map((name) => ({ ...outputs.get(name)!, name: `loop:end:${name}` }));
  const alls = collected.map((name) => {
    const { type, shape } = outputs.get(name)!;
    return { name: `loop:all:${name}`, type, shape: [times, ...shape] };
  });
  outer.nodes.push({
    type: "Loop",
    domain: "",
    inputs: [int64(outer, times), NO_CONDITION, ...starts],
    outputs: [...ends, ...alls],
    attributes: { body: { graph: body } },
  });
  for (const value of [...ends, ...alls]) output(outer, value.name.replace("loop:", ""), value);
  return outer;
}

const ITERATION: Value = { name: "loop:iteration", type: "int64", shape: [] };
const GOING: Value = { name: "loop:going", type: "bool", shape: [] };
const NO_CONDITION: Value = { name: "", type: "bool", shape: [] };
