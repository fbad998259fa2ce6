import type { Matrix } from "./groupSpans.ts";
import type { PausableGrid } from "./pausableGrid.ts";
import type { FakeQuant, LowRank } from "./rule.ts";

/**
 * Frozen weights plus (alpha/rank)·A·B, A [rows, rank] drawn from N(0, 2/rank) (He), B [rank, cols] zero, so that training
 * begins at the weights. What comes out is on the grid: nothing of A and B is left to add at inference (L4Q, LR-QAT).
 */
export function lowRank(
  { rank, alpha }: LowRank,
  { rows, cols }: Matrix,
  base: Float32Array,
  grid: PausableGrid,
  normal: () => number,
): FakeQuant {
  const deviation = Math.sqrt(2 / rank);
  const a = Float32Array.from({ length: rows * rank }, () => deviation * normal());
  const b = new Float32Array(rank * cols);
  const factor = alpha / rank;
  const latent = base.slice();
  const dLatent = new Float32Array(rows * cols);
  const sum = () => {
    latent.set(base);
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < rank; k++) {
        const x = factor * a[row * rank + k]!;
        for (let j = 0; j < cols; j++) latent[row * cols + j]! += x * b[k * cols + j]!;
      }
    }
  };
  return {
    parameters: new Map([["a", a], ["b", b], ...grid.parameters]),
    extraBits: grid.extraBits,
    rounds(on) {
      sum();
      grid.rounds(on, latent);
    },
    forward(out) {
      sum();
      grid.forward(latent, out);
    },
    backward(gradient, out, into) {
      grid.backward(latent, out, gradient, dLatent, into);
      const [dA, dB] = [into.get("a")!.fill(0), into.get("b")!.fill(0)];
      for (let row = 0; row < rows; row++) {
        for (let k = 0; k < rank; k++) {
          const x = factor * a[row * rank + k]!;
          let dot = 0;
          for (let j = 0; j < cols; j++) {
            const d = dLatent[row * cols + j]!;
            dot += d * b[k * cols + j]!;
            dB[k * cols + j]! += d * x;
          }
          dA[row * rank + k] = factor * dot;
        }
      }
    },
  };
}
