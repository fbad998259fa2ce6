import { type Graph, gradients, influencing, output, type Value } from "../graph/index.ts";
import { createSession, type HostTensor, type SessionOptions } from "./session.ts";

/** A loss and its gradients, compiled: weights are fed at each run, gradients are written into arrays kept between runs. */
export interface GradientSession {
  /** Runs once. Gives the loss and the named `terms`; what `gradients` holds is then of these feeds. */
  run(feeds: Record<string, HostTensor>): Promise<{ loss: number; terms: Record<string, number> }>;
  /** By parameter; zeros for one that the loss does not depend on. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** Parameters that the loss does not depend on. */
  readonly silent: readonly string[];
  release(): Promise<void>;
}

/**
 * Compiles the scalar `loss` of `graph`, scalar `terms` to report, and the gradients by `parameters` (graph inputs).
 * `into` lends the arrays of another session's gradients, so that sessions that take turns share them.
 */
export async function createGradientSession(
  graph: Graph,
  loss: Value,
  terms: Readonly<Record<string, Value>>,
  parameters: readonly Value[],
  options: SessionOptions,
  into: ReadonlyMap<string, Float32Array> = new Map(),
): Promise<GradientSession> {
  const fetches: Record<string, HostTensor> = { loss: { data: new Float32Array(1), shape: loss.shape } };
  output(graph, "loss", loss);
  for (const [name, value] of Object.entries(terms)) {
    output(graph, `term:${name}`, value);
    fetches[`term:${name}`] = { data: new Float32Array(1), shape: value.shape };
  }
  const reached = influencing(graph, loss, parameters);
  gradients(graph, loss, reached).forEach((grad, i) => {
    output(graph, `grad:${reached[i]!.name}`, grad);
  });
  const arrays = new Map<string, Float32Array>();
  for (const { name, shape } of parameters) {
    const data = into.get(name) ?? new Float32Array(shape.reduce((n, d) => n * d, 1));
    arrays.set(name, data);
    if (reached.some((value) => value.name === name)) fetches[`grad:${name}`] = { data, shape };
  }
  const silent = parameters.filter((value) => !reached.includes(value)).map(({ name }) => name);
  const session = await createSession(graph, options);
  return {
    gradients: arrays,
    silent,
    async run(feeds) {
      await session.run(feeds, fetches);
      for (const name of silent) arrays.get(name)!.fill(0);
      const read = (name: string) => Number(fetches[name]!.data[0]);
      return {
        loss: read("loss"),
        terms: Object.fromEntries(Object.keys(terms).map((name) => [name, read(`term:${name}`)])),
      };
    },
    release: () => session.release(),
  };
}
