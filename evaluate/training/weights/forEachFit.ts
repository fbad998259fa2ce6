import { blockingOf } from "../../../formats/blocking.ts";
import { UserError } from "../../../formats/error.ts";
import type { GroupFit } from "../../../formats/groupFit.ts";
import { groupFitter } from "../../../formats/groupFitter.ts";
import { forEachGroup } from "../../../formats/groups.ts";
import type { Format } from "../../../formats/index.ts";
import { outerOf, outerScales } from "../../../formats/outerScales.ts";
import type { Matrix } from "./groupSpans.ts";

/** Calls `visit` with the fit of every group as `fakeQuantize` finds it. Throws UserError for codes that are not scaled levels. */
export function forEachFit(
  weights: Float32Array,
  format: Format,
  { name, rows, cols }: Matrix,
  visit: (fit: GroupFit, from: number, to: number, levels: Float32Array, index: number) => void,
): void {
  if (format.coder !== "scaled") throw new UserError(`${format.id}: its groups have no levels with a scale to train`);
  const fitter = groupFitter(format);
  const blocking = blockingOf(format, rows, cols, { name });
  const outer = outerScales(format, fitter, weights, rows, cols, { name });
  forEachGroup(weights, rows, cols, format, { name }, (span) => {
    const { index, from, to } = span;
    const fit = fitter.fit(weights, span, outerOf(format, outer, blocking, index), () => `group ${index} of ${name}`);
    visit(fit, from, to, fitter.kernels[fit.choice]!.book.levels, index);
  });
}
