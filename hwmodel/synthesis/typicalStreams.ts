import type { Format } from "../../formats/index.ts";
import { codeStream, type Distribution, type Distributions } from "../netlist/codeStreams.ts";
import type { CodeStream } from "../netlist/toggles.ts";

/** What most weights and activations of language models are near: a t with 5 degrees of freedom. */
export const T5: Distribution = { nu: 5, location: 0, scale: 1 };
/** 32 lanes of as many cycles are 4096 MACs; an estimate of that length scatters by 1 to 4 %. */
const CYCLES = 128;

/** What an energy is measured on. */
export interface Traffic {
  /** What numbers the operands hold; a t(5) without it. */
  weight?: Distributions;
  activation?: Distributions;
  /** A weight stays for a whole run of the activations, in place of both being new in every cycle. */
  stationary?: boolean;
}

/**
 * Codes of both operands over time, drawn and quantized in the formats' groups. Null for HiF4 and OliVe, whose codes alone do not
 * say what is multiplied.
 */
export function typicalStreams(
  weight: Format,
  activation: Format,
  traffic: Traffic = {},
): { weight: CodeStream; activation: CodeStream } | null {
  if ([weight, activation].some((f) => f.coder !== "scaled")) return null;
  const hold = traffic.stationary ? CYCLES : 1;
  return {
    weight: codeStream(weight, traffic.weight ?? T5, { cycles: CYCLES, hold, seed: 1 }),
    activation: codeStream(activation, traffic.activation ?? T5, { cycles: CYCLES, seed: 2 }),
  };
}
