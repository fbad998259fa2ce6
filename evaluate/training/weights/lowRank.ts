import { addProduct } from "./addProduct.ts";
import type { FixedPoint } from "./fixedPoint.ts";
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
  base: Float32Array | FixedPoint,
  grid: PausableGrid,
  normal: () => number,
): FakeQuant {
  const deviation = Math.sqrt(2 / rank);
  const a = Float32Array.from({ length: rows * rank }, () => deviation * normal());
  const b = new Float32Array(rank * cols);
  const factor = alpha / rank;
  const latent = new Float32Array(rows * cols);
  const scaled = new Float32Array(a.length);
  const sum = () => {
    if (base instanceof Float32Array) latent.set(base);
    else for (let i = 0; i < latent.length; i++) latent[i] = base.codes[i]! * base.step;
    for (let i = 0; i < a.length; i++) scaled[i] = factor * a[i]!;
    addProduct(latent, scaled, b, rows, rank, cols);
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
      const dLatent = roomFor(latent.length);
      grid.backward(latent, out, gradient, dLatent, into);
      const [dA, dB] = [into.get("a")!.fill(0), into.get("b")!.fill(0)];
      addProduct(dA, dLatent, transposed(b, rank, cols), rows, cols, rank);
      for (let i = 0; i < dA.length; i++) dA[i]! *= factor;
      addProduct(dB, transposed(scaled, rows, rank), dLatent, rank, rows, cols);
    },
  };
}

let room = new Float32Array(0);

/** Room for a gradient of so many numbers, which all matrices use in turn. */
function roomFor(length: number): Float32Array {
  if (room.length < length) room = new Float32Array(length);
  return room.subarray(0, length);
}

function transposed(x: Float32Array, rows: number, cols: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j * rows + i] = x[i * cols + j]!;
  return out;
}
