/**
 * What a tensor's values are, in one word:
 * - `student`: a t fits, and better than a normal;
 * - `gaussian`: the likelihood-ratio test cannot tell a t from the normal, or ν is beyond 200;
 * - `poor`: neither a t nor a normal describes the data (several modes, hard edges, a grid);
 * - `sparse`: over 1 % exact zeros; the figures describe the other elements;
 * - `discrete`: a few repeated values, so no density exists;
 * - `constant`: one value;
 * - `tiny`: too few elements to estimate tails.
 */
export type Verdict = "student" | "gaussian" | "poor" | "sparse" | "discrete" | "constant" | "tiny";

/** The standard error of 1/ν near the normal is √(2/3)/√n: at 32 elements 0.14, so ν = 4 and ν = ∞ look alike. */
export const TINY_BELOW = 32;
/** χ²₁ quantile at 1 − 2·0.001: 1/ν = 0 is on the boundary, where the test statistic is half a χ²₁ (Self & Liang 1987). */
export const LR_CRITICAL = 9.55;
/** Beyond this ν the best t is within 6e-4 of the normal in distribution: too little to matter to a codebook. */
export const NU_GAUSSIAN = 200;
/** The uniform distribution is 0.057 from its best normal; trained weights stay below 0.04 from their best t. */
export const KS_POOR = 0.05;
/** More exact zeros than a continuous distribution can have, and a share worth saying. */
export const SPARSE_FROM = 0.01;
export const SPARSE_COUNT = 10;
/** On a grid zero is one value among others; zeros of their own are this many times as frequent as any other value. */
export const SPARSE_OVER_OTHERS = 3;
/** One value with 20 % of the data, or fewer than this many values among 32 times as many elements. */
export const ATOM_FROM = 0.2;
export const DISCRETE_UP_TO = 32;

const percent = (x: number) => `${(100 * x).toPrecision(3)} %`;

export interface Evidence {
  n: number;
  nu: number;
  likelihoodRatio: number;
  ks: number;
  excessKurtosis: number;
  interior: boolean;
}

/** The verdict on continuous data with its reason in words. */
export function judge(e: Evidence): { verdict: "student" | "gaussian" | "poor"; message: string } {
  if (e.ks > KS_POOR + 1 / Math.sqrt(e.n)) {
    return {
      verdict: "poor",
      message: `neither a t nor a normal fits: Kolmogorov-Smirnov distance ${e.ks.toFixed(3)} at best`,
    };
  }
  if (e.likelihoodRatio < LR_CRITICAL || e.nu > NU_GAUSSIAN) {
    const noise = 3.29 * Math.sqrt(24 / e.n);
    const light =
      e.excessKurtosis < -noise
        ? `; tails lighter than the normal's (excess kurtosis ${e.excessKurtosis.toFixed(2)})`
        : "";
    const reason =
      e.likelihoodRatio < LR_CRITICAL
        ? "indistinguishable from a normal in its tails"
        : `nu beyond ${NU_GAUSSIAN}: measurably not normal, but too close to it to matter`;
    return { verdict: "gaussian", message: `${reason}${light}` };
  }
  if (!e.interior) {
    return { verdict: "poor", message: `tails heavier than any t considered (nu at its lower bound ${e.nu})` };
  }
  return { verdict: "student", message: `Student t with nu ${e.nu.toPrecision(3)}` };
}

export function sparseMessage(zeroFraction: number, rest: string): string {
  return `${percent(zeroFraction)} exact zeros; the other elements: ${rest}`;
}
