import type { TrainedGrid } from "./rule.ts";

/** Writes values clamped to a share of the smallest and of the largest of their group. */
export function clampGroups(values: Float32Array, bounds: Uint32Array, share: number, out: Float32Array): void {
  for (let g = 0; g + 1 < bounds.length; g++) {
    const [from, to] = [bounds[g]!, bounds[g + 1]!];
    let [min, max] = [0, 0];
    for (let i = from; i < to; i++) {
      if (values[i]! < min) min = values[i]!;
      if (values[i]! > max) max = values[i]!;
    }
    const [low, high] = [share * min, share * max];
    for (let i = from; i < to; i++) out[i] = Math.min(Math.max(values[i]!, low), high);
  }
}

/** A grid whose groups are fitted to a share of their extremes; what lies beyond becomes an end, and has the gradient of one within. */
export function clippedGrid(grid: TrainedGrid, bounds: Uint32Array, length: number, share: number): TrainedGrid {
  const clamped = new Float32Array(length);
  const into = (latent: Float32Array) => {
    clampGroups(latent, bounds, share, clamped);
    return clamped;
  };
  return {
    ...grid,
    refit: grid.refit && ((latent) => grid.refit!(into(latent))),
    forward: (latent, out) => grid.forward(into(latent), out),
    backward: (_latent, out, gradient, dLatent, slopes) => grid.backward(clamped, out, gradient, dLatent, slopes),
  };
}
