import type { ScalingPart } from "./part.ts";

const EXPONENT_BITS = 2;

/**
 * The pre-shifted exponents of LLM-FP4 (Liu et al. 2023, §4.2): inputs of channel j are multiplied by a power of two
 * and the weights divided by it, so that every channel of an activation with e exponent bits uses its range while the
 * product keeps one scale. The exponent is clip(round(b_j) − round(min b), 0, 2^e − 1) with b_j = −log₂ max|x_j| up to a
 * constant, as in its code; the paper rounds the difference.
 */
export const preShift: ScalingPart = {
  slot: "scaling",
  id: "preshift",
  summary: "shift small input channels up by powers of two, and their weights down",
  calibration: "inputs",
  options: { exponent: { default: EXPONENT_BITS, help: "exponent bits of the activation's format" } },
  scaleBits: EXPONENT_BITS,
  act: (given) => (layers) => {
    const most = 2 ** Number(given.exponent ?? EXPONENT_BITS) - 1;
    const { absMax } = layers[0]!.moments!;
    const bias = absMax.map((x) => (x > 0 ? Math.round(-Math.log2(x)) : Number.POSITIVE_INFINITY));
    const least = bias.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    // A channel that never fires has no range to use.
    return bias.map((b) => (b === Number.POSITIVE_INFINITY ? 1 : 2 ** -Math.min(b - least, most)));
  },
};
