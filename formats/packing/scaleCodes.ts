import { blockingOf } from "../blocking.ts";
import { UserError } from "../error.ts";
import type { Format } from "../format.ts";
import { kernelsOf } from "../groupFitter.ts";
import { outerOf } from "../outerScales.ts";
import type { Quantized } from "../quantize.ts";
import { type ScaleStore, scaleStores } from "../scaleStores.ts";
import { decodeScale, encodeScale } from "./scalePatterns.ts";

/** Rows and columns of the quantized matrix, and the groups' treatment where they exceed a row. */
export interface MatrixShape {
  rows: number;
  cols: number;
  oversizeGroup?: "error" | "row";
}

/**
 * The scales of a quantized matrix as bit patterns of the format's scale store, one for each group: fields of a float
 * (E8M0, E4M3, fp16 …) with the sign above them where the store has one, or an integer. The sign also holds the choice
 * of codebook where the format puts it there. A group of zeros has pattern 0, which in E8M0 and E5M0 is their smallest
 * number: its codes are those of 0, so only codebooks without a 0 lose it. Under a second level they are the inner
 * scales; `quantized.outer` holds the others.
 * Throws UserError for fields that do not fit the format.
 */
export function scaleCodes(quantized: Quantized, format: Format, { rows, cols, ...options }: MatrixShape): Uint32Array {
  const blocking = blockingOf(format, rows, cols, options);
  const { scales, choices, outer, meanScale = 0 } = quantized;
  if (scales.length !== blocking.groups) throw lengths(format, scales.length, blocking.groups);
  const store = scaleStores[format.store];
  const kernels = kernelsOf(format);
  const level = outer ? { numbers: outer, mean: meanScale } : null;
  if ((store.outer !== undefined) !== (level !== null))
    throw new UserError(`${format.id}: the second level of the scales is missing`);
  return Uint32Array.from(scales, (scale, index) => {
    const choice = choices?.[index] ?? 0;
    const sign = signOf(format, scale, choice) ? signBit(store) : 0;
    const above = outerOf(format, level, blocking, index);
    if (above?.mean)
      return scale === 0 ? ZERO_OF_NESTED : encodeScale(store, store.round((scale - above.mean) / above.number));
    const factor = store.relative ? kernels[choice]!.unit : 1;
    const inner = above ? Math.abs(scale) / above.number : Math.abs(scale) * factor;
    return sign + (scale === 0 ? 0 : encodeScale(store, Math.max(store.round(inner), store.smallest)));
  });
}

/**
 * The scales, and the choices held in their signs, of bit patterns from `scaleCodes`. Throws UserError for a number of
 * patterns that does not fit the matrix, a pattern too wide, and a missing second level.
 */
export function scalesOfCodes(
  codes: ArrayLike<number>,
  format: Format,
  { rows, cols, ...options }: MatrixShape,
  { outer, meanScale = 0, choices }: Pick<Quantized, "outer" | "meanScale" | "choices"> = {},
): Pick<Quantized, "scales" | "choices"> {
  const blocking = blockingOf(format, rows, cols, options);
  const store = scaleStores[format.store];
  if (codes.length !== blocking.groups) throw lengths(format, codes.length, blocking.groups);
  if (store.outer && !outer) throw new UserError(`${format.id}: the second level of the scales is missing`);
  const kernels = kernelsOf(format);
  const inSign = format.selector?.where === "sign of the scale";
  const chosen = inSign ? new Uint8Array(codes.length) : choices;
  const scales = Float32Array.from(codes, (code, index) => {
    if (!(Number.isInteger(code) && code >= 0 && code < 2 ** store.bits)) {
      throw new UserError(
        `${format.id}: scale pattern ${code} of group ${index}; ${format.store} has ${store.bits} bits`,
      );
    }
    const negative = store.signed && code >= signBit(store);
    const magnitude = decodeScale(store, negative ? code - signBit(store) : code);
    if (inSign) chosen![index] = negative ? 1 : 0;
    const above = outerOf(format, outer ? { numbers: outer, mean: meanScale } : null, blocking, index);
    if (above?.mean) return Math.fround(magnitude * above.number + above.mean);
    const value = above
      ? magnitude * above.number
      : magnitude / (store.relative ? kernels[chosen?.[index] ?? 0]!.unit : 1);
    return negative && !inSign ? -value : value;
  });
  return chosen ? { scales, choices: chosen } : { scales };
}

/** bitsandbytes has no scale 0 in a nested block: its codes are those of 0 then. The pattern of the map's 0. */
const ZERO_OF_NESTED = 127;

function signOf({ selector }: Format, scale: number, choice: number): boolean {
  return selector?.where === "sign of the scale" ? choice === 1 : scale < 0;
}

function signBit({ bits }: ScaleStore): number {
  return 2 ** (bits - 1);
}

function lengths({ id }: Format, given: number, wanted: number): UserError {
  return new UserError(`${id}: ${given} scales, expected ${wanted}`);
}
