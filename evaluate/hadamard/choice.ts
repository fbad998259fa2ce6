import type { Rotation } from "./rotation.ts";

/** Tokens whose rounding decides on a rotation, as in RoSTE. */
export const CHOICE_TOKENS = 128;

/** Weights or inputs of a layer, rows of as many channels as a rotation turns. */
export interface RoundedValues {
  readonly values: Float32Array;
  /** The sum of squares that rounding such values loses; may write to them. */
  lossOf(values: Float32Array): number;
  /** By which that counts. */
  readonly share: number;
}

/**
 * Whether the weights and inputs of layers lose less by rounding when turned: ‖Q(W R) − W R‖² and, a token, the mean of
 * ‖Q(x R) − x R‖² (RoSTE: Wei et al. 2025, §4.2).
 */
export function losesLess(rotation: Rotation, all: readonly RoundedValues[]): boolean {
  let difference = 0;
  for (const { values, lossOf, share } of all)
    difference += share * (lossOf(rotation.apply(values.slice())) - lossOf(values.slice()));
  return difference < 0;
}
