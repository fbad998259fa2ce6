import type { Rotation } from "../../hadamard/index.ts";
import type { TrainedGrid } from "./rule.ts";

/**
 * A grid whose weights are turned by R before they are rounded and back afterwards, as are the gradients that pass: Q(W R) Rᵀ. What
 * comes out is on the grid once it is turned again. `straightThrough`: the grid passes all of a gradient, so this one does.
 */
export function rotatedGrid(
  grid: TrainedGrid,
  rotation: Rotation,
  length: number,
  straightThrough: boolean,
): TrainedGrid {
  const [turned, rounded, slopes] = [new Float32Array(length), new Float32Array(length), new Float32Array(length)];
  const into = (array: Float32Array, values: Float32Array) => {
    array.set(values);
    return rotation.apply(array);
  };
  return {
    ...grid,
    refit: grid.refit && ((latent) => grid.refit!(into(turned, latent))),
    forward(latent, out) {
      grid.forward(into(turned, latent), rounded);
      out.set(rounded);
      rotation.apply(out, true);
    },
    backward(_latent, _out, gradient, dLatent, slopesOf) {
      if (straightThrough) {
        dLatent.set(gradient);
        return;
      }
      grid.backward(turned, rounded, into(slopes, gradient), dLatent, slopesOf);
      rotation.apply(dLatent, true);
    },
  };
}
