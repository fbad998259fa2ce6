import { encode, type Graph, gradients, output, type Value } from "../graph/index.ts";
import { type AdamW, adamwUpdate } from "./adamw.ts";
import { createSession, type HostTensor, type SessionOptions } from "./session.ts";

export interface TrainerOptions extends SessionOptions {
  optimizer: AdamW;
  /** Gradients are scaled down so that their joint norm is at most this. */
  clipNorm: number;
  /** Which parameters decay; by convention matrices do and norms do not. */
  decays: (name: string) => boolean;
}

/** Everything that, with the weights, determines the next step: what a checkpoint holds. */
export interface TrainerState {
  step: number;
  first: Map<string, Float32Array>;
  second: Map<string, Float32Array>;
}

export interface Trainer {
  /** One update. Returns the loss before it and the gradient norm. Throws when either is not finite: weights stay as they were. */
  step(feeds: Record<string, HostTensor>, rate: number): Promise<{ loss: number; gradNorm: number }>;
  readonly state: TrainerState;
  release(): Promise<void>;
}

/**
 * A trainer for the scalar `loss` of `graph` over `parameters` (graph inputs whose names are keys of `weights`).
 * Weights are updated in place. Gradients come from one session with preallocated outputs; AdamW runs on the host,
 * which measured 2–3 times faster than the same update as ONNX operators (facts: engine §1).
 */
export async function createTrainer(
  graph: Graph,
  loss: Value,
  parameters: readonly Value[],
  weights: ReadonlyMap<string, Float32Array>,
  options: TrainerOptions,
  resume?: TrainerState,
): Promise<Trainer> {
  const into: Record<string, HostTensor> = { loss: { data: new Float32Array(1), shape: loss.shape } };
  const current: Record<string, HostTensor> = {};
  output(graph, "loss", loss);
  gradients(graph, loss, parameters).forEach((grad, i) => {
    const { name, shape } = parameters[i]!;
    output(graph, `grad:${name}`, grad);
    const data = weights.get(name);
    if (!data) throw new Error(`internal: no weights for parameter ${name}`);
    into[`grad:${name}`] = { data: new Float32Array(data.length), shape };
    current[name] = { data, shape };
  });
  const zeros = () => new Map(parameters.map((p) => [p.name, new Float32Array(weights.get(p.name)!.length)]));
  const state = resume ?? { step: 0, first: zeros(), second: zeros() };
  const session = await createSession(encode(graph), options);
  const gradOf = (p: Value) => into[`grad:${p.name}`]!.data as Float32Array;
  return {
    state,
    async step(feeds, rate) {
      await session.run({ ...current, ...feeds }, into);
      const value = Number(into.loss!.data[0]);
      let squares = 0;
      for (const p of parameters) {
        const g = gradOf(p);
        for (let i = 0; i < g.length; i++) squares += g[i]! * g[i]!;
      }
      const gradNorm = Math.sqrt(squares);
      if (!Number.isFinite(value) || !Number.isFinite(gradNorm)) {
        throw new Error(`training diverged at step ${state.step + 1}: loss ${value}, gradient norm ${gradNorm}`);
      }
      state.step++;
      const scale = Math.min(1, options.clipNorm / (gradNorm + 1e-6));
      for (const p of parameters) {
        const { name } = p;
        const rule = options.decays(name) ? options.optimizer : { ...options.optimizer, weightDecay: 0 };
        const [first, second] = [state.first.get(name)!, state.second.get(name)!];
        adamwUpdate(weights.get(name)!, gradOf(p), first, second, state.step, rate, scale, rule);
      }
      return { loss: value, gradNorm };
    },
    release: () => session.release(),
  };
}
