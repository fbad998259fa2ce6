import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Calibrator, momentsOf, type SiteInputs } from "../../../evaluate/calibration/index.ts";
import { type MethodResult, methodById } from "../../../evaluate/methods/index.ts";
import type { InputRounding } from "../../../evaluate/methods/inputRounding.ts";
import { packageRoot } from "../../../evaluate/model/index.ts";
import { parseFormat } from "../../../formats/index.ts";

/** An independent implementation's results on one 4 × 16 matrix and 24 calibration rows (numpy, float64). */
export interface Golden {
  W: number[][];
  X: number[][];
  H_diag: number[];
  "gptq_NF4_static_g8_damp.01": { q: number[][]; err: number; err_rtn: number };
  "gptq_E2M1_static_g8_damp.01": { q: number[][]; err: number; err_rtn: number };
  gptq_NF4_static_g8_actorder: { perm: number[]; q: number[][]; err: number };
  gptq_int4_asym_row: { q: number[][]; err: number; err_rtn: number };
  "gptaq_NF4_static_g8_alpha.25": { q: number[][]; err_asym: number; err_gptq: number };
  clip_search_SF4_g8: { q: number[][]; ratio: number[] };
  hqq_int4_g8: { q: number[][]; zero: number[]; iters: number; mae: number };
}

export const golden = JSON.parse(
  readFileSync(join(packageRoot(), "test", "golden", "methods.golden.json"), "utf8"),
) as Golden;

export const W = Float32Array.from(golden.W.flat());
export const X = Float64Array.from(golden.X.flat());
export const [rows, cols] = [golden.W.length, golden.W[0]!.length];

/** A model of one linear layer `w`, whose calibration inputs are `x`; `reference` those of the full-precision model. */
export function oneLayer(x: ArrayLike<number>, columns: number, reference?: ArrayLike<number>): Calibrator {
  return {
    tokens: x.length / columns,
    sites: [["w"]],
    walk: async (_weights, visit, beside) => {
      const other = beside ? (reference ?? x) : undefined;
      await visit(["w"], momentsOf(x, columns, other), siteInputs(x, columns, other));
    },
    walkBlocks: (weights, full, visit) =>
      visit({
        layers: ["w"],
        async gradients() {
          const { gram } = momentsOf(x, columns);
          const gradient = weights.get("w")!.map((_, i, w) => {
            const [row, column] = [Math.floor(i / columns), i % columns];
            let sum = 0;
            for (let j = 0; j < columns; j++) {
              const at = row * columns + j;
              sum += (w[at]! - full.get("w")![at]!) * gram[j * columns + column]!;
            }
            return 2 * sum;
          });
          return new Map([["w", gradient]]);
        },
        error: async () => outputError(weights.get("w")!, full.get("w")!, x, columns),
      }),
    fisher: async () => new Map([["w", Float32Array.from({ length: golden.W.flat().length }, (_, i) => 1 + (i % 5))]]),
    release: async () => {},
  };
}

export function siteInputs(x: ArrayLike<number>, columns: number, reference?: ArrayLike<number>): SiteInputs {
  const batch = Float32Array.from(x);
  return {
    batches: [batch],
    moments: async (map, mapReference) =>
      momentsOf(map(batch), columns, reference && mapReference(Float32Array.from(reference))),
  };
}

/** Quantizes the golden matrix (or `w`) by a method. */
export async function quantized(
  method: string,
  format: string,
  {
    w = W,
    x = X,
    reference,
    columns = cols,
    inputs,
  }: {
    w?: Float32Array;
    x?: ArrayLike<number>;
    reference?: ArrayLike<number>;
    columns?: number;
    inputs?: InputRounding;
  } = {},
): Promise<MethodResult & { weights: Float32Array }> {
  const weights = new Float32Array(w.length);
  const result = await methodById(method).quantize({
    format: parseFormat(format),
    matrices: [{ name: "w", rows: w.length / columns, cols: columns }],
    weights: new Map([["w", w]]),
    into: new Map([["w", weights]]),
    calibrator: oneLayer(x, columns, reference),
    inputs,
  });
  return { ...result, weights };
}

/** ‖(Ŵ − W) X‖². */
export function outputError(
  after: ArrayLike<number>,
  before: ArrayLike<number>,
  x: ArrayLike<number>,
  columns: number,
): number {
  let total = 0;
  for (let t = 0; t < x.length; t += columns) {
    for (let row = 0; row < before.length; row += columns) {
      let y = 0;
      for (let j = 0; j < columns; j++) y += (after[row + j]! - before[row + j]!) * x[t + j]!;
      total += y * y;
    }
  }
  return total;
}
