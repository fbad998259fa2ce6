import type { Format } from "../../formats/index.ts";
import { codeStream } from "../netlist/codeStreams.ts";
import type { CodeStream } from "../netlist/toggles.ts";

/** What most weights and activations of language models are near: a t with 5 degrees of freedom. */
const T5 = { nu: 5, location: 0, scale: 1 };
/** 32 lanes of as many cycles are 4096 MACs; an estimate of that length scatters by 1 to 4 %. */
const CYCLES = 128;

/**
 * Codes of both operands for an energy without a model at hand: drawn from a t(5), quantized in the formats' groups, both new
 * in every cycle. Null for formats whose groups choose a codebook: their codes alone do not say what is multiplied.
 */
export function typicalStreams(
  weight: Format,
  activation: Format,
): { weight: CodeStream; activation: CodeStream } | null {
  if ([weight, activation].some((f) => f.elements.length !== 1 || f.coder !== "scaled")) return null;
  return {
    weight: codeStream(weight, T5, { cycles: CYCLES, seed: 1 }),
    activation: codeStream(activation, T5, { cycles: CYCLES, seed: 2 }),
  };
}
