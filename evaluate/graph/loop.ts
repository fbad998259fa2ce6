import { createGraph, type Graph, input, int64, type Node, output } from "./graph.ts";
import type { Value } from "./value.ts";

/** A Loop as nodes of the graph around it. */
export interface LoopOptions {
  /** Where an input begins, and the output that is its next value. */
  readonly carried: ReadonlyMap<string, { readonly start: Value; readonly next: string }>;
  /** Inputs of which each repetition has its own, [times, …]. */
  readonly own: ReadonlyMap<string, Value>;
  /** Outputs wanted of every repetition. */
  readonly collected: readonly string[];
  readonly times: number;
  /** Begins the names of the loop's own values: a body may not use those of the graph around it. */
  readonly prefix: string;
}

/**
 * Runs `step` several times inside `outer`, which must have been made with at least its `count`. Inputs of `step` that are
 * neither carried nor a repetition's own are values of `outer`. Gives the last value of each carried input, and each
 * collected output [times, …], by name.
 */
export function loop(
  outer: Graph,
  step: Graph,
  { carried, own, collected, times, prefix }: LoopOptions,
): { ends: Map<string, Value>; alls: Map<string, Value> } {
  const inputs = new Map(step.inputs.map((v) => [v.name, v]));
  const outputs = new Map(step.outputs.map(({ name, value }) => [name, value]));
  const iteration: Value = { name: `${prefix}:iteration`, type: "int64", shape: [] };
  const going: Value = { name: `${prefix}:going`, type: "bool", shape: [] };
  const gathers = [...own].map(([name, all]): Node => {
    const each = inputs.get(name)!;
    return { type: "Gather", domain: "", inputs: [all, iteration], outputs: [each], attributes: { axis: 0 } };
  });
  const body: Graph = {
    ...step,
    inputs: [iteration, going, ...[...carried.keys()].map((name) => inputs.get(name)!)],
    outputs: [],
    nodes: [...gathers, ...step.nodes],
    tape: [],
  };
  output(body, `${prefix}:goes`, going);
  for (const name of [...[...carried.values()].map(({ next }) => next), ...collected])
    body.outputs.push({ name, value: outputs.get(name)! });
  const ends = new Map(
    [...carried].map(([name, { next }]) => [name, { ...outputs.get(next)!, name: `${prefix}:end:${next}` }]),
  );
  const alls = new Map(
    collected.map((name) => {
      const { type, shape } = outputs.get(name)!;
      return [name, { name: `${prefix}:all:${name}`, type, shape: [times, ...shape] }];
    }),
  );
  outer.nodes.push({
    type: "Loop",
    domain: "",
    inputs: [int64(outer, times), NO_CONDITION, ...[...carried.values()].map(({ start }) => start)],
    outputs: [...ends.values(), ...alls.values()],
    attributes: { body: { graph: body } },
  });
  return { ends, alls };
}

const NO_CONDITION: Value = { name: "", type: "bool", shape: [] };

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
 * collected output `all:NAME`; other inputs stay as they are.
 */
export function repeated(step: Graph, { carried, own, collected, times }: Repetition): Graph {
  const inputs = new Map(step.inputs.map((v) => [v.name, v]));
  const outer: Graph = { ...createGraph(), wide: step.wide, count: step.count };
  const starts = [...carried].map(([name, next]) => {
    const { type, shape } = inputs.get(name)!;
    return [name, { start: input(outer, `start:${name}`, type, shape), next }] as const;
  });
  const gathered = own.map((name) => {
    const { type, shape } = inputs.get(name)!;
    return [name, input(outer, `each:${name}`, type, [times, ...shape])] as const;
  });
  for (const value of step.inputs) if (!carried.has(value.name) && !own.includes(value.name)) outer.inputs.push(value);
  const made = loop(outer, step, {
    carried: new Map(starts),
    own: new Map(gathered),
    collected,
    times,
    prefix: "loop",
  });
  for (const [name, value] of made.ends) output(outer, `end:${carried.get(name)}`, value);
  for (const [name, value] of made.alls) output(outer, `all:${name}`, value);
  return outer;
}
