import { type AdamW, adamwUpdate } from "./adamw.ts";

export interface OptimizerOptions {
  optimizer: AdamW;
  /** Gradients are scaled down so that their joint norm is at most this. */
  clipNorm: number;
  /** Which parameters decay; by convention matrices do and norms do not. */
  decays: (name: string) => boolean;
  /** Factor of a parameter's learning rate; 1 when absent. */
  rateOf?: (name: string) => number;
}

/** Everything that, with the weights, determines the next step: what a checkpoint holds. */
export interface TrainerState {
  step: number;
  first: Map<string, Float32Array>;
  second: Map<string, Float32Array>;
}

export interface Optimizer {
  readonly state: TrainerState;
  /** One AdamW update of the parameters in place. `norm` is the gradients' joint norm, by which they are clipped. */
  update(gradients: ReadonlyMap<string, Float32Array>, rate: number, norm: number): void;
}

/** Joint Euclidean norm of gradients. */
export function gradientNorm(gradients: Iterable<Float32Array>): number {
  let squares = 0;
  for (const g of gradients) for (let i = 0; i < g.length; i++) squares += g[i]! * g[i]!;
  return Math.sqrt(squares);
}

/** AdamW with clipping over named arrays, on the host (facts: engine §1). */
export function createOptimizer(
  parameters: ReadonlyMap<string, Float32Array>,
  { optimizer, clipNorm, decays, rateOf = () => 1 }: OptimizerOptions,
  resume?: TrainerState,
): Optimizer {
  const zeros = () => new Map([...parameters].map(([name, data]) => [name, new Float32Array(data.length)]));
  const state = resume ?? { step: 0, first: zeros(), second: zeros() };
  return {
    state,
    update(gradients, rate, norm) {
      state.step++;
      const scale = Math.min(1, clipNorm / (norm + 1e-6));
      for (const [name, data] of parameters) {
        const rule = decays(name) ? optimizer : { ...optimizer, weightDecay: 0 };
        const [first, second] = [state.first.get(name)!, state.second.get(name)!];
        adamwUpdate(data, gradients.get(name)!, first, second, state.step, rate * rateOf(name), scale, rule);
      }
    },
  };
}
