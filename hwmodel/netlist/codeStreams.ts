import type { TFit } from "../../fitting/index.ts";
import { type Format, quantize, UserError } from "../../formats/index.ts";
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

/**
 * Codes of `format` for numbers drawn from a distribution, quantized in the format's own groups along time, 32 independent
 * streams; index cycle · 32 + lane.
 */
export function codeStream(format: Format, distribution: Distribution, options: StreamOptions): CodeStream {
  const { cycles, hold = 1, seed = 1 } = options;
  if (!(Number.isInteger(cycles) && cycles > 0 && cycles <= MAX_CYCLES && Number.isInteger(hold) && hold > 0)) {
    throw new UserError(`cycles ${cycles}, hold ${hold}: expected whole numbers from 1, at most ${MAX_CYCLES} cycles`);
  }
  const draw = sampler(distribution, seed);
  const length = Math.ceil(cycles / hold);
  // A whole group per lane is drawn even if fewer codes are needed: the scale depends on all of it.
  const columns = typeof format.group === "number" ? Math.max(length, Math.min(format.group, MAX_CYCLES)) : length;
  const numbers = Float32Array.from({ length: LANES * columns }, draw);
  const { codes } = quantize(numbers, LANES, columns, format, { oversizeGroup: "row", name: "drawn numbers" });
  return Uint8Array.from(
    { length: cycles * LANES },
    (_, i) => codes[(i % LANES) * columns + Math.floor(Math.floor(i / LANES) / hold)]!,
  );
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
