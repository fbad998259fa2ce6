import { UserError } from "../formats/index.ts";
import { blockLaw } from "./blockLaw.ts";
import { type Law, normalLaw, studentLaw } from "./law.ts";
import { type OptimalLevels, optimalLevels, type Segment } from "./optimalLevels.ts";
import { scaleCases } from "./scaleCases.ts";

/** Codes have at most eight bits. */
const LEVELS_MAX = 256;

/**
 * Lloyd–Max quantizer (Max 1960; Lloyd 1982) of the unit normal (`nu` null) or the unit t: the `levels` values of least
 * mean squared error at a fixed scale. A t needs nu > 2. Throws UserError otherwise.
 */
export function lloydMax(nu: number | null, levels: number): OptimalLevels {
  checkLevels(levels, 1);
  const law = lawWithMoments(nu);
  let reach = 1;
  while (law.tail(reach) > 1e-9) reach *= 1.1;
  const everywhere = {
    law,
    nodes: [{ scale: 1, low: Number.POSITIVE_INFINITY, high: Number.POSITIVE_INFINITY, weight: 1 }],
    atoms: [],
    energy: law.secondMoment,
  };
  return symmetric(optimalLevels(everywhere, [{ from: -reach, to: reach, free: levels }], []));
}

export interface BlockOptimalOptions {
  /** Degrees of freedom of the t, or null for the normal. */
  nu: number | null;
  /** Elements that share a scale. */
  blockSize: number;
  /**
   * The scale carries the sign of the block's largest magnitude, so that this becomes +1 (formats' rule `signedmax`).
   * Default false: the scale is the largest magnitude.
   */
  signed?: boolean;
  /** Values of the codebook, default 16. */
  levels?: number;
  /** Keep a level at exactly zero, default true. */
  zero?: boolean;
}

/**
 * The codebook of least expected squared error for blocks normalised by their largest magnitude: the method of BOF4 and
 * BOF4-S (arXiv 2505.06653), for any law, by quadrature instead of samples. ±1 (signed: +1) and 0 are kept as levels;
 * of an odd number of free levels the positive side gets one more. Throws UserError for options out of range.
 */
export function blockOptimalCodebook(options: BlockOptimalOptions): OptimalLevels {
  const { nu, blockSize, signed = false, levels = 16, zero = true } = options;
  const pinned = [...(signed ? [] : [-1]), ...(zero ? [0] : []), 1];
  checkLevels(levels, pinned.length + 1);
  if (!Number.isInteger(blockSize) || blockSize < 2 || blockSize > 2 ** 30) {
    throw new UserError(`block size ${blockSize}; expected a whole number from 2 to ${2 ** 30}`);
  }
  const law = lawWithMoments(nu);
  const block = blockLaw(law, blockSize, scaleCases(law, signed ? "signedmax" : "absmax", 1, 1)!);
  const free = levels - pinned.length;
  const segments: Segment[] = zero
    ? [
        { from: -1, to: 0, free: Math.floor(free / 2) },
        { from: 0, to: 1, free: Math.ceil(free / 2) },
      ]
    : [{ from: -1, to: 1, free }];
  return optimalLevels(block, segments, pinned);
}

function checkLevels(levels: number, low: number): void {
  if (!Number.isInteger(levels) || levels < low || levels > LEVELS_MAX) {
    throw new UserError(`${levels} levels; expected a whole number from ${low} to ${LEVELS_MAX}`);
  }
}

function lawWithMoments(nu: number | null): Law {
  const law = nu === null ? normalLaw() : studentLaw(nu);
  if (!(law.secondMoment < 1e3)) {
    throw new UserError(`a t with nu ${nu} has no second moment to speak of; least squares needs nu above 2.002`);
  }
  return law;
}

/** The exact symmetry of the optimum, which rounding disturbs in the last digits. */
function symmetric({ values, relativeMse }: OptimalLevels): OptimalLevels {
  return { values: values.map((value, k) => 0.5 * (value - values[values.length - 1 - k]!)), relativeMse };
}
