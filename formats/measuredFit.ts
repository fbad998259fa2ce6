import type { Format } from "./format.ts";
import { type GroupFit, plainFit } from "./groupFit.ts";
import type { Kernel } from "./kernel.ts";
import type { Measured } from "./scaleRules.ts";
import { scaleStores } from "./scaleStores.ts";
import { type Outer, storedOffset, storedScale } from "./storedScale.ts";

/** What a `ValuesRule` found, as it is stored: zero point and offset belong to the stored scale. */
export function measuredFit(
  format: Format,
  measured: Measured,
  { unit }: Kernel,
  choice: number,
  outer: Outer | null,
  where: () => string,
): GroupFit {
  const fit = plainFit(choice, storedScale(format, measured.scale, unit, outer, where));
  if (measured.lower !== undefined) fit.lower = storedScale(format, measured.lower, unit, outer, where);
  if (measured.zeroPoint) fit.zeroPoint = measured.zeroPoint(fit.scale);
  const { codesFromExact } = scaleStores[format.store];
  // A group of one number has scale 0 before it is stored: 0/0 would be no code.
  if (codesFromExact) fit.divisor = Math.fround(measured.scale) || fit.scale;
  if (measured.shift !== undefined) fit.shift = measured.shift;
  if (measured.offset) {
    const exact = measured.offset(codesFromExact ? measured.scale : fit.scale);
    fit.offset = storedOffset(format, exact, unit, where);
    if (codesFromExact) fit.shift += exact - fit.offset;
  }
  if (measured.divisor !== undefined) fit.divisor = measured.divisor;
  return fit;
}
