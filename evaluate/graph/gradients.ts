import { type Graph, node, scalar } from "./graph.ts";
import { add } from "./ops/elementwise.ts";
import { size, type Value } from "./value.ts";

/**
 * Reverse-mode gradients of a scalar `loss` with respect to each of `wrt`, as new values of the same graph.
 * Throws when a value does not influence the loss: a silent zero would hide a wiring mistake. `from` is the first step of the
 * tape that counts: what `wrt` depends on before it is held fixed.
 */
export function gradients(graph: Graph, loss: Value, wrt: readonly Value[], from = 0): Value[] {
  if (size(loss.shape) !== 1)
    throw new Error(`internal: gradient of a loss of shape [${loss.shape}], expected a scalar`);
  const grads = new Map<string, Value>([[loss.name, scalar(graph, 1, loss.type)]]);
  // Only steps on a path from `wrt` need a gradient: constants, masks and tokens are skipped.
  const active = new Set(wrt.map((v) => v.name));
  const steps = graph.tape.slice(from);
  for (const step of steps) if (step.inputs.some((v) => active.has(v.name))) active.add(step.output.name);
  for (const step of steps.reverse()) {
    const grad = grads.get(step.output.name);
    if (!grad || !active.has(step.output.name)) continue;
    step.vjp(grad).forEach((contribution, i) => {
      const target = step.inputs[i]!;
      if (!contribution || !active.has(target.name)) return;
      const sofar = grads.get(target.name);
      grads.set(target.name, sofar ? add(graph, sofar, contribution) : contribution);
    });
  }
  return wrt.map((v) => {
    const grad = grads.get(v.name);
    if (!grad) throw new Error(`internal: ${v.name} does not influence the loss`);
    return grad;
  });
}

/** Those of `wrt` that the loss depends on. */
export function influencing(graph: Graph, loss: Value, wrt: readonly Value[]): Value[] {
  const reached = new Set([loss.name]);
  for (const { inputs, output } of [...graph.tape].reverse()) {
    if (reached.has(output.name)) for (const { name } of inputs) reached.add(name);
  }
  return wrt.filter(({ name }) => reached.has(name));
}

/** `x`, through which no gradient passes: it is not on the tape. */
export function stopGradient(graph: Graph, x: Value): Value {
  return node(graph, "Identity", [x], x.shape);
}
