import type { TieRule } from "./element.ts";
import type { CoderId } from "./format.ts";
import type { GroupFit } from "./groupFit.ts";
import { hif4Coder } from "./hif4.ts";
import type { Kernel } from "./kernel.ts";
import { oliveCoder } from "./olive.ts";
import { scaledCoder } from "./scaledCoder.ts";

/**
 * How the numbers of a fitted group become codes, and codes numbers. `round` writes exactly what `decode` makes of
 * `encode`'s codes, and returns the sum of squared errors.
 */
export interface Coder {
  round(
    kernels: readonly Kernel[],
    fit: GroupFit,
    tie: TieRule,
    values: Float32Array,
    out: Float32Array,
    from: number,
    to: number,
  ): number;
  encode(
    kernels: readonly Kernel[],
    fit: GroupFit,
    tie: TieRule,
    values: Float32Array,
    codes: Uint8Array,
    from: number,
    to: number,
  ): void;
  /** Returns the index of the first code that means nothing, or −1. */
  decode(
    kernels: readonly Kernel[],
    fit: GroupFit,
    codes: Uint8Array,
    out: Float32Array,
    from: number,
    to: number,
  ): number;
}

/** How the coders that do not follow a scale rule find a group's scale. */
export const coderScales: Readonly<Partial<Record<CoderId, string>>> = {
  hif4: "s = max|x|/7 in bf16, then E6M2; micro-exponents of 1 bit for each 8 numbers that reach 4·s and each 4 that then reach 2",
  olive: "s = α/28, α = 0.75, 0.77 … 1.49 times the larger |mean ± 3σ|, the one of least squared error",
};

/** A new layout of codes is one entry here, beside its fitting in `groupFitter`. */
export const coders: Readonly<Record<CoderId, Coder>> = {
  scaled: scaledCoder,
  hif4: hif4Coder,
  olive: oliveCoder,
};
