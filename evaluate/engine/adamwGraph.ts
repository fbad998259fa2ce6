import {
  add,
  div,
  type Graph,
  input,
  mul,
  node,
  output,
  reshape,
  scalar,
  sqrt,
  sub,
  sum,
  type Value,
} from "../graph/index.ts";
import type { OptimizerOptions } from "./optimizer.ts";

/** Names of a parameter's moments among the inputs, and of what a step makes of it and them among the outputs. */
export const stateNames = (name: string) => ({ w: name, m: `first:${name}`, v: `second:${name}` });
export const updated = (input: string) => `new:${input}`;

/** What changes from step to step, as scalars: how `adamwUpdate` derives them from the step and the rate. */
export function stepScalars(step: number, rate: number, { optimizer: { beta1, beta2 } }: OptimizerOptions) {
  return { rate, size: rate / (1 - beta1 ** step), inverse: 1 / Math.sqrt(1 - beta2 ** step) };
}

/**
 * Adds the AdamW update of `parameters` by `grads` to a graph, in float32: `adamwUpdate` with the gradients' joint norm clipped.
 * New inputs: moments, and the scalars of `stepScalars`; new outputs: parameters and moments after the step, and `norm`.
 */
export function adamwNodes(
  graph: Graph,
  parameters: readonly Value[],
  grads: readonly Value[],
  { optimizer, clipNorm, decays, rateOf = () => 1 }: OptimizerOptions,
): void {
  const number = (x: number) => scalar(graph, x, "float32");
  const [rate, size, inverse] = ["rate", "size", "inverse"].map((name) => input(graph, name, "float32", []));
  const norm = sqrt(
    graph,
    grads.map((grad) => squares(graph, grad)).reduce((a, b) => add(graph, a, b)),
  );
  output(graph, "norm", norm);
  const room = Number.isFinite(clipNorm) ? div(graph, number(clipNorm), add(graph, norm, number(1e-6))) : null;
  const scale = room && node(graph, "Min", [number(1), room], []);
  const { beta1, beta2, eps, weightDecay } = optimizer;
  parameters.forEach((w, i) => {
    const names = stateNames(w.name);
    const [m, v] = [names.m, names.v].map((name) => input(graph, name, "float32", w.shape));
    const g = scale ? mul(graph, grads[i]!, scale) : grads[i]!;
    const first = add(graph, mul(graph, m!, number(beta1)), mul(graph, g, number(1 - beta1)));
    const second = add(graph, mul(graph, v!, number(beta2)), mul(graph, mul(graph, g, g), number(1 - beta2)));
    const own = number(rateOf(w.name));
    const deviation = add(graph, mul(graph, sqrt(graph, second), inverse!), number(eps));
    const move = div(graph, mul(graph, first, mul(graph, size!, own)), deviation);
    const decay = number(rateOf(w.name) * (decays(w.name) ? weightDecay : 0));
    const keep = sub(graph, number(1), mul(graph, rate!, decay));
    output(graph, updated(names.w), sub(graph, mul(graph, w, keep), move));
    output(graph, updated(names.m), first);
    output(graph, updated(names.v), second);
  });
}

/** Σ x², a scalar. */
function squares(graph: Graph, x: Value): Value {
  const axes = x.shape.map((_, i) => i);
  const total = axes.length > 0 ? sum(graph, mul(graph, x, x), axes) : mul(graph, x, x);
  return reshape(graph, total, []);
}
