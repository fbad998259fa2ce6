import { type Format, fakeQuantize } from "../../formats/index.ts";
import type { Rotation } from "../hadamard/index.ts";
import type { RetrainedModel } from "./retrain.ts";
import { clampGroups } from "./weights/clippedGrid.ts";
import { groupBounds } from "./weights/groupSpans.ts";

/** Of each layer, the share of its groups' extremes at which its weights, turned where they are, lose least by rounding; the first of equals. */
export function chosenClips(
  { linears, weights }: Pick<RetrainedModel, "linears" | "weights">,
  format: Format,
  shares: readonly number[],
  rotations: ReadonlyMap<string, Rotation>,
): Map<string, number> {
  return new Map(
    linears.map((matrix) => {
      const { name, rows, cols } = matrix;
      const own = weights.get(name)!.slice();
      rotations.get(name)?.apply(own);
      const bounds = groupBounds(format, matrix);
      const rounded = new Float32Array(own.length);
      const losses = shares.map((share) => {
        clampGroups(own, bounds, share, rounded);
        fakeQuantize(rounded, rows, cols, format, rounded, { name });
        return own.reduce((sum, w, i) => sum + (w - rounded[i]!) ** 2, 0);
      });
      return [name, shares[losses.indexOf(Math.min(...losses))]!];
    }),
  );
}
