import type { Graph } from "./graph.ts";
import type { Data, ElementType, Value } from "./value.ts";

/** What an op's forward rule leaves for its gradient: the output and whatever intermediate values are worth keeping. */
export interface Forward<S> {
  output: Value;
  saved: S;
}

/** A small case on which every op's gradient is checked against finite differences, from this declaration alone. */
export interface Sample<A> {
  /** Inputs in order: a shape means random normal data; explicit data are for indices, which have no gradient. */
  inputs: readonly (readonly number[] | { data: Data; shape: readonly number[] })[];
  attributes: A;
  /** Random data are made positive (log, sqrt, division). */
  positive?: boolean;
  /** The op has no float64 kernel on the CPU: the check runs in float32 with a wider tolerance. */
  type?: ElementType;
}

/**
 * An op, declared once: shape rule and ONNX emission in `forward`, the vector–Jacobian product in `vjp`.
 * `forward` throws an Error naming the op and the shapes when they do not fit.
 */
export interface Op<A, S> {
  name: string;
  forward(graph: Graph, inputs: readonly Value[], attributes: A): Forward<S>;
  vjp(
    graph: Graph,
    step: { grad: Value; inputs: readonly Value[]; output: Value; saved: S; attributes: A },
  ): readonly (Value | null)[];
  samples: readonly Sample<A>[];
}

/** Applies an op and records it on the tape. */
export function apply<A, S>(graph: Graph, op: Op<A, S>, inputs: readonly Value[], attributes: A): Value {
  const { output, saved } = op.forward(graph, inputs, attributes);
  graph.tape.push({
    inputs,
    output,
    vjp: (grad) => op.vjp(graph, { grad, inputs, output, saved, attributes }),
  });
  return output;
}

/** An op whose type parameters a list of all ops need not know. */
export type AnyOp = Op<never, never>;
