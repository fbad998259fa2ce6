import { blockingOf } from "../../../formats/blocking.ts";
import { coders } from "../../../formats/coder.ts";
import { type GroupFit, plainFit } from "../../../formats/groupFit.ts";
import { kernelsOf } from "../../../formats/groupFitter.ts";
import type { Format } from "../../../formats/index.ts";
import { measuredFit } from "../../../formats/measuredFit.ts";
import { scaleRules } from "../../../formats/scaleRules.ts";
import { scaleStores } from "../../../formats/scaleStores.ts";
import { roundGroups } from "../../../formats/simd/roundGroups.ts";
import type { Matrix } from "./groupSpans.ts";

/**
 * What `fakeQuantize` makes of a matrix in a format of one codebook whose scales follow from all numbers of a group, in a third of the
 * time: statistics are taken once a group and numbers rounded by SIMD. What numbers are divided by is then rounded to float32, so that
 * one within 1e-7 of the middle of two levels may fall to the other. Null for other formats; false, with `out` partly written,
 * where that does not serve.
 */
export function statisticRounding(
  format: Format,
  { name, rows, cols }: Matrix,
): ((latent: Float32Array, out: Float32Array) => boolean) | null {
  const rule = scaleRules[format.rule];
  const single = format.coder === "scaled" && format.elements.length === 1 && format.selector === null;
  if (!single || !("measure" in rule) || rule.extra !== undefined || scaleStores[format.store].outer) return null;
  const { length, size, groups } = blockingOf(format, rows, cols, { name });
  if (length % size !== 0) return null;
  const kernels = kernelsOf(format);
  const kernel = kernels[0]!;
  const coder = coders[format.coder];
  const [fits, divisors] = [new Array<GroupFit>(groups), new Float32Array(groups)];
  return (latent, out) => {
    let [plain, zeros] = [true, false];
    for (let g = 0; g < groups; g++) {
      const measured = rule.measure(latent, g * size, (g + 1) * size, kernel.book);
      // Groups of zeros have none.
      const empty = !(measured.scale > 0);
      const fit = empty
        ? plainFit(0, 0)
        : measuredFit(format, measured, kernel, 0, null, () => `group ${g} of ${name}`);
      fits[g] = fit;
      divisors[g] = fit.divisor;
      plain &&= fit.offset === 0 && fit.shift === 0;
      zeros ||= empty;
    }
    const scaleOf = (_min: number, _max: number, g: number) => fits[g]!.scale;
    if (plain && roundGroups(kernel.book, latent, out, size, scaleOf, false, divisors)) return true;
    if (zeros) return false;
    for (const [g, fit] of fits.entries()) coder.round(kernels, fit, format.tie, latent, out, g * size, (g + 1) * size);
    return true;
  };
}
