import type { TFit } from "../../fitting/index.ts";
import { type Format, type Quantized, quantize, UserError } from "../../formats/index.ts";
import { randomBits } from "./random.ts";
import type { CodeStream } from "./toggles.ts";
import { LANES } from "./words.ts";

/** What numbers an operand has: a t with `nu` degrees of freedom (Infinity: normal), moved and scaled. */
export interface Distribution {
  nu: number;
  location: number;
  scale: number;
}

export interface StreamOptions {
  cycles: number;
  /** Cycles for which a code stays at the port: 1 while streaming, the length of a pass where weights are stationary. */
  hold?: number;
  seed?: number;
}

/** The distribution that was fitted to a tensor. Throws UserError with the fit's reason if there is none. */
export function fittedDistribution(fit: TFit): Distribution {
  if (fit.location === null || fit.scale === null) throw new UserError(`no distribution was fitted: ${fit.message}`);
  return { nu: fit.nu ?? Number.POSITIVE_INFINITY, location: fit.location, scale: fit.scale };
}

/** One distribution for all 32 streams, or several that take the streams in turn: the tensors of a model. */
export type Distributions = Distribution | readonly Distribution[];

/** 32 rows of so many drawn numbers, one after another. */
export function drawRows(distributions: Distributions, columns: number, seed: number): Float32Array {
  if (!Array.isArray(distributions)) {
    return Float32Array.from({ length: LANES * columns }, sampler(distributions as Distribution, seed));
  }
  if (distributions.length === 0) throw new UserError("no distribution to draw from");
  const draws = Array.from({ length: LANES }, (_, lane) =>
    sampler(distributions[lane % distributions.length], seed * LANES + lane),
  );
  return Float32Array.from({ length: LANES * columns }, (_, i) => draws[Math.floor(i / columns)]!());
}

/**
 * Codes of `format` for numbers drawn from a distribution, quantized in the format's own groups along time, 32 independent
 * streams; index cycle · 32 + lane. Where groups choose a codebook, the choice is above the other bits (operandCodebook.ts).
 */
export function codeStream(format: Format, distribution: Distributions, options: StreamOptions): CodeStream {
  const { cycles, hold = 1, seed = 1 } = options;
  if (!(Number.isInteger(cycles) && cycles > 0 && cycles <= MAX_CYCLES && Number.isInteger(hold) && hold > 0)) {
    throw new UserError(`cycles ${cycles}, hold ${hold}: expected whole numbers from 1, at most ${MAX_CYCLES} cycles`);
  }
  const length = Math.ceil(cycles / hold);
  // A whole group per lane is drawn even if fewer codes are needed: the scale depends on all of it.
  const columns = typeof format.group === "number" ? Math.max(length, Math.min(format.group, MAX_CYCLES)) : length;
  const numbers = drawRows(distribution, columns, seed);
  const drawn = quantize(numbers, LANES, columns, format, { oversizeGroup: "row", name: "drawn numbers" });
  return Uint8Array.from({ length: cycles * LANES }, (_, i) =>
    codeAt(format, drawn, columns, i % LANES, Math.floor(Math.floor(i / LANES) / hold)),
  );
}

/** Code of a row of a quantized matrix, its group's choice above the bits of the widest element. */
export function codeAt(format: Format, drawn: Quantized, columns: number, row: number, column: number): number {
  const code = drawn.codes[row * columns + column]!;
  if (!drawn.choices) return code;
  const bits = Math.max(...format.elements.map((element) => element.bits));
  return code + drawn.choices[groupAt(format, columns, row, column)]! * 2 ** bits;
}

/** Index of the group of a number in a matrix of 32 rows. */
export function groupAt({ group }: Format, columns: number, row: number, column: number): number {
  if (group === "tensor") return 0;
  const length = group === "row" ? columns : Math.min(group, columns);
  return row * Math.ceil(columns / length) + Math.floor(column / length);
}

/** Four times the longest sum that is simulated anywhere; 32 lanes of it are 2^19 numbers. */
const MAX_CYCLES = 2 ** 14;

/** Draws from a t: Bailey's polar method (Mathematics of Computation 62, 1994), for any ν; Marsaglia's for the normal. */
export function sampler({ nu, location, scale }: Distribution, seed: number): () => number {
  if (!(nu > 0 && scale > 0 && Number.isFinite(location) && Number.isFinite(scale))) {
    throw new UserError(
      `t distribution: nu ${nu}, location ${location}, scale ${scale}; expected nu > 0 and scale > 0`,
    );
  }
  const bits = randomBits(seed);
  const uniform = () => bits() / 2 ** 31;
  return () => {
    for (;;) {
      const u = uniform();
      const v = uniform();
      const w = u * u + v * v;
      if (w > 1 || w === 0) continue;
      const square = Number.isFinite(nu) ? (nu * (w ** (-2 / nu) - 1)) / w : (-2 * Math.log(w)) / w;
      return location + scale * u * Math.sqrt(square);
    }
  };
}
