import type { FixedPoint } from "./fixedPoint.ts";
import type { Matrix } from "./groupSpans.ts";
import type { LowRankSum } from "./lowRankSums.ts";
import type { PausableGrid } from "./pausableGrid.ts";
import type { FakeQuant, LowRank } from "./rule.ts";

/**
 * Frozen weights plus (alpha/rank)·A·B, A [rows, rank] drawn from N(0, 2/rank) (He), B [rank, cols] zero, so that training
 * begins at the weights. What comes out is on the grid: nothing of A and B is left to add at inference (L4Q, LR-QAT).
 * `lowRankSums` makes the sum before `forward`, and the gradients of A and B after `backward`.
 */
export function lowRank(
  { rank, alpha }: LowRank,
  { rows, cols }: Matrix,
  base: Float32Array | FixedPoint,
  grid: PausableGrid,
  normal: () => number,
): FakeQuant {
  const deviation = Math.sqrt(2 / rank);
  const a = Float32Array.from({ length: rows * rank }, () => deviation * normal());
  const b = new Float32Array(rank * cols);
  const latent = new Float32Array(rows * cols);
  const sum: LowRankSum = { rows, cols, rank, factor: alpha / rank, base, a, b, latent, slopes: null };
  return {
    parameters: new Map([["a", a], ["b", b], ...grid.parameters]),
    extraBits: grid.extraBits,
    sum,
    rounds: (on) => grid.rounds(on, latent),
    forward: (out) => grid.forward(latent, out),
    backward(gradient, out, into) {
      // In place: beside the gradients of all matrices at once there is no room for as many again.
      grid.backward(latent, out, gradient, gradient, into);
      sum.slopes = { dLatent: gradient, dA: into.get("a")!, dB: into.get("b")! };
    },
  };
}
