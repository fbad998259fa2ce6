import { exponentOf } from "./scaleFloat.ts";
import type { ExtremesRule } from "./scaleRules.ts";

/**
 * The published ways to find a block's power of two, for E8M0 scales. With A = max|x| and c = 2^emax·(2 − 2^−m) the
 * codebook's largest magnitude.
 */
export const powerOfTwoRules = {
  floor: {
    fit: (min, max, low, high) => 2 ** (exponentOf(Math.max(-min, max)) - exponentOf(Math.max(low, high))),
  },
  ceil: {
    fit(min, max, low, high) {
      const largest = Math.max(-min, max);
      const exponent = exponentOf(largest);
      return 2 ** (exponent + (largest > 2 ** exponent ? 1 : 0) - exponentOf(Math.max(low, high)));
    },
  },
  rceil: {
    fit(min, max, low, high) {
      const largest = Math.max(-min, max);
      const reach = Math.max(low, high);
      const exponent = exponentOf(largest) - exponentOf(reach);
      return 2 ** (reach * 2 ** exponent >= largest ? exponent : exponent + 1);
    },
  },
  rounded: {
    fit(min, max, low, high, step) {
      const largest = Math.max(-min, max);
      const reach = exponentOf(Math.max(low, high));
      const exponent = exponentOf(largest);
      const half = step / 2 ** (reach + 1);
      return 2 ** (exponent - reach + (largest / 2 ** exponent >= 2 - half ? 1 : 0));
    },
  },
} satisfies Record<string, ExtremesRule>;

export const aboutPowerOfTwoRules: Readonly<Record<keyof typeof powerOfTwoRules, string>> = {
  floor:
    "s = 2^(⌊log2 max|x|⌋ − emax): OCP Microscaling v1.0 §6.3, microxcaling; values beyond the largest level saturate, by up to 25 % in E2M1",
  ceil: "s = 2^(⌈log2 max|x|⌉ − emax): torchao's CEIL; never saturates, a step coarser than rceil needs for many blocks",
  rceil:
    "s = 2^⌈log2(max|x|/max|c|)⌉: the smallest power of two at which nothing saturates (Four-over-Six's MXFP4, torchao's RCEIL, NVIDIA's MXFP8)",
  rounded:
    "as floor, of max|x| rounded half up to the element's precision: E2M1 takes the next power of two from significand 1.75 on (torchao's EVEN, AMD Quark)",
};
