import { UserError } from "../../formats/error.ts";
import type { Metric } from "./task.ts";

/** Mean of a sample and its standard error; a null has its reason. */
export interface Mean {
  mean: number;
  /** Sample standard deviation (n − 1) over √n. */
  sigma: number | null;
  n: number;
}

/** Perplexity with one standard error, or null with the reason. */
export interface Perplexity {
  perplexity: number | null;
  perplexitySigma: number | null;
  /** Mean loss in nats per token, and its standard error over windows. */
  loss: number | null;
  lossSigma: number | null;
  n: number;
  reason?: string;
}

/** Mean difference a − b of paired windows, in nats per token. */
export interface PairedDifference {
  mean: number | null;
  sigma: number | null;
  n: number;
  /** mean / sigma; null when sigma is zero or unknown. */
  z: number | null;
  reason?: string;
}

/** Mean and standard error of n ≥ 1 finite numbers; two passes, so that close numbers keep their spread. */
export function meanAndError(values: ArrayLike<number>): Mean {
  const n = values.length;
  if (n === 0) throw new UserError("statistics: a mean needs at least one value");
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i]!;
  const mean = sum / n;
  if (n < 2) return { mean, sigma: null, n };
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i]! - mean) ** 2;
  return { mean, sigma: Math.sqrt(squares / (n - 1) / n), n };
}

/** Index of the first NaN or infinity, or −1. */
function firstNonFinite(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/**
 * Perplexity exp(mean of window losses) and its standard error by the delta method, σ_ppl = ppl · σ_mean.
 * Windows, not tokens, are the unit: losses of neighbouring tokens are correlated, so token-level errors come out
 * too small. A NaN or infinite loss, or one that overflows, gives null with the reason.
 */
export function perplexityOf(windowLoss: ArrayLike<number>): Perplexity {
  const n = windowLoss.length;
  const none = (reason: string): Perplexity => ({
    perplexity: null,
    perplexitySigma: null,
    loss: null,
    lossSigma: null,
    n,
    reason,
  });
  if (n === 0) return none("no window was scored");
  const bad = firstNonFinite(windowLoss);
  if (bad >= 0) return none(`divergent: the loss of window ${bad + 1} of ${n} is ${windowLoss[bad]}`);
  const { mean, sigma } = meanAndError(windowLoss);
  const perplexity = Math.exp(mean);
  if (!Number.isFinite(perplexity)) return none(`divergent: the mean loss, ${mean} nats, overflows`);
  if (sigma === null)
    return {
      perplexity,
      perplexitySigma: null,
      loss: mean,
      lossSigma: null,
      n,
      reason: "one window has no spread: perplexitySigma needs two or more",
    };
  const result = { perplexity, perplexitySigma: perplexity * sigma, loss: mean, lossSigma: sigma, n };
  // exp(709) times a wide spread may overflow although the perplexity itself does not.
  if (!Number.isFinite(result.perplexitySigma))
    return { ...result, perplexitySigma: null, reason: "the standard error overflows" };
  return result;
}

/**
 * Mean and standard error of the difference of two runs over the same windows. Text difficulty cancels within a
 * window, so this error is about ten times smaller than that of either run: compare formats by it, never by the
 * two separate errors. Throws UserError when the window counts differ, since then they are not pairs.
 */
export function pairedDifference(a: ArrayLike<number>, b: ArrayLike<number>): PairedDifference {
  const n = a.length;
  if (n !== b.length) throw new UserError(`paired difference: ${n} windows against ${b.length}; they must be the same`);
  const none = (reason: string): PairedDifference => ({ mean: null, sigma: null, n, z: null, reason });
  if (n === 0) return none("no window was scored");
  const bad = Math.max(firstNonFinite(a), firstNonFinite(b));
  if (bad >= 0) return none(`divergent: a loss of window ${bad + 1} of ${n} is not finite`);
  const difference = Float64Array.from({ length: n }, (_, i) => a[i]! - b[i]!);
  const { mean, sigma } = meanAndError(difference);
  if (sigma === null) return { mean, sigma, n, z: null, reason: "one window has no spread: sigma needs two or more" };
  if (sigma === 0) return { mean, sigma, n, z: null, reason: "the difference is the same in every window" };
  return { mean, sigma, n, z: mean / sigma };
}

/**
 * The mean of one figure an example, e.g. accuracy of 0 and 1, whose σ is then √(p(1 − p)/(n − 1)). `losses` are those the
 * figures were made from: where one is not finite, the figures mean nothing.
 */
export function meanMetric(examples: number[], losses: ArrayLike<number>): Metric {
  const bad = firstNonFinite(losses);
  if (bad >= 0) return { value: null, sigma: null, reason: `divergent: a loss is ${losses[bad]}` };
  const { mean, sigma } = meanAndError(examples);
  return { value: mean, sigma, examples };
}

/**
 * Σ losses / Σ units over examples and its σ by the delta method for a ratio of sums:
 * σ_ratio = √(Σ(loss − ratio · units)² / (n(n − 1))) / mean(units) (Cochran, Sampling Techniques, 2.11).
 */
export function ratioMetric(losses: readonly number[], units: readonly number[]): Metric {
  const bad = firstNonFinite(losses);
  if (bad >= 0) return { value: null, sigma: null, reason: `divergent: a loss is ${losses[bad]}` };
  const perExample = meanAndError(units).mean;
  const value = meanAndError(losses).mean / perExample;
  const { sigma } = meanAndError(losses.map((loss, i) => loss - value * units[i]!));
  if (sigma === null) return { value, sigma: null, reason: "one example has no spread" };
  return { value, sigma: sigma / perExample };
}

/** exp(Σ losses / Σ units) with its σ. */
export function ratioPerplexity(losses: readonly number[], units: readonly number[]): Metric {
  const ratio = ratioMetric(losses, units);
  if (ratio.value === null) return ratio;
  const value = Math.exp(ratio.value);
  if (!Number.isFinite(value))
    return { value: null, sigma: null, reason: `divergent: the mean loss, ${ratio.value} nats, overflows` };
  return { ...ratio, value, sigma: ratio.sigma === null ? null : value * ratio.sigma };
}

/** Σ losses / Σ units in bits with its σ. */
export function ratioBits(losses: readonly number[], units: readonly number[]): Metric {
  const { value, sigma, ...rest } = ratioMetric(losses, units);
  return { ...rest, value: value === null ? null : value / Math.LN2, sigma: sigma === null ? null : sigma / Math.LN2 };
}
