import type { TrainedGrid } from "./rule.ts";

export interface PausableGrid extends TrainedGrid {
  /** Whether weights are rounded from now on; where that begins, learned scales begin anew at the weights as they are. */
  rounds(on: boolean, latent: Float32Array): void;
}

/** A grid that stands aside while a model warms up in full precision: weights and their gradients then pass as they are. */
export function pausableGrid(grid: TrainedGrid): PausableGrid {
  let rounding = true;
  return {
    ...grid,
    rounds(on, latent) {
      if (on && !rounding) grid.refit?.(latent);
      rounding = on;
    },
    forward(latent, out) {
      if (rounding) grid.forward(latent, out);
      else out.set(latent);
    },
    backward(latent, out, gradient, dLatent, into) {
      if (rounding) return grid.backward(latent, out, gradient, dLatent, into);
      dLatent.set(gradient);
      for (const name of grid.parameters.keys()) into.get(name)!.fill(0);
    },
  };
}
