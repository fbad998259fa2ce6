import type { Moments } from "./moments.ts";
import type { Verdict } from "./verdict.ts";

/** What distribution a tensor has. Null means: not estimable for this verdict, see `message`. */
export interface TFit {
  /** Elements given, and elements the figures below describe (fewer only for `sparse`). */
  n: number;
  fitted: number;
  zeroFraction: number;
  verdict: Verdict;
  message: string;
  /** Degrees of freedom; null when Gaussian (infinite), with `nuLower` as what is known. */
  nu: number | null;
  nuStderr: number | null;
  /** One-sided 95 % lower confidence bound of ν. */
  nuLower: number | null;
  location: number | null;
  locationStderr: number | null;
  /** Scale of the t, or the standard deviation when Gaussian. */
  scale: number | null;
  scaleStderr: number | null;
  mean: number;
  standardDeviation: number;
  skewness: number | null;
  excessKurtosis: number | null;
  /** Nats per element under the best t and the best normal, and their difference (≥ 0). */
  logLikelihood: number | null;
  logLikelihoodNormal: number | null;
  gain: number | null;
  /** 2 n gain: χ² statistic of normal against t. */
  likelihoodRatio: number | null;
  ksT: number | null;
  ksNormal: number | null;
  /** ksNormal − ksT, the paper's KS-Δ (Tables 1, 11, 12): positive where a t fits better. */
  ksDelta: number | null;
}

export interface FitOptions {
  /** Name of the tensor in error messages. */
  name?: string;
}

/** Figures of a fit, without what was given and what was concluded. */
export type Figures = Omit<TFit, "n" | "zeroFraction" | "verdict" | "message">;

/** The figures where no density can be fitted: moments only. */
export function momentsOnly(m: Moments, fitted: number): Figures {
  const shaped = m.standardDeviation > 0;
  return {
    fitted,
    nu: null,
    nuStderr: null,
    nuLower: null,
    location: null,
    locationStderr: null,
    scale: null,
    scaleStderr: null,
    mean: m.mean,
    standardDeviation: m.standardDeviation,
    skewness: shaped ? m.skewness : null,
    excessKurtosis: shaped ? m.excessKurtosis : null,
    logLikelihood: null,
    logLikelihoodNormal: null,
    gain: null,
    likelihoodRatio: null,
    ksT: null,
    ksNormal: null,
    ksDelta: null,
  };
}
