import { plainText } from "./dataFile.ts";
import { meanMetric, perplexityOf } from "./statistics.ts";
import type { Metric, ScoredModel, Task, TaskData, TaskInputs, TaskMetrics, TaskSpec } from "./task.ts";
import { cutWindows, windowsProtocol } from "./windows.ts";

/**
 * How far a format's predictions are from those of the model at full precision, on the windows of perplexity:
 * kl is KL(full precision ‖ format) in nats per token, kl_p999 the 99.9th percentile over tokens (no σ is known for it),
 * dlnp_pNNN percentiles over tokens of how ln p of the right token changes, in thousandths: 001 is among the worst losses,
 * same_top the share of predictions whose most likely token stays. σ is over windows.
 */
export const divergence: Task = {
  id: "kl",
  usage: "kl:FILE",
  summary: "KL divergence to full precision and same most likely token, beside perplexity, on the windows of a text",

  prepare({ source }: TaskSpec, { data, encode, context, limitWindows }: TaskInputs): TaskData {
    const { windows, count, available } = cutWindows(encode(plainText(data, source)), context, {
      source,
      limit: limitWindows,
    });
    return {
      task: `kl:${source}`,
      source,
      protocol: `kl-${windowsProtocol(context, count < available ? count : null)}`,
      count,
      longest: context - 1,
      remember: (model: ScoredModel) => model.remember(windows, count, context),
      warnings: [],
      async measure(model: ScoredModel): Promise<TaskMetrics> {
        const { nll, change, kl, same } = await model.divergences(windows, count, context);
        const losses = windowMeans(nll, count);
        const [divergences, agreement] = [windowMeans(kl, count), windowMeans(same, count)];
        const { perplexity, perplexitySigma, reason } = perplexityOf(losses);
        return {
          perplexity,
          perplexitySigma,
          windowLoss: perplexity === null ? [] : losses,
          windows: count,
          tokens: count * context,
          ...(reason === undefined ? {} : { reason }),
          metrics: {
            kl: meanMetric(divergences, divergences),
            kl_p999: percentile(kl, 0.999),
            ...Object.fromEntries(CHANGES.map((share) => [`dlnp_p${nameOf(share)}`, percentile(change, share)])),
            same_top: meanMetric(agreement, divergences),
          },
        };
      },
    };
  },
};

/** The tails and the middle of how ln p changes, as llama.cpp lists them. */
const CHANGES = [0.001, 0.01, 0.05, 0.5, 0.95, 0.99, 0.999];
const nameOf = (share: number) => String(Math.round(1000 * share)).padStart(3, "0");

/** Means of `count` equal parts. */
function windowMeans(values: ArrayLike<number>, count: number): number[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, w) => {
    let total = 0;
    for (let i = w * size; i < (w + 1) * size; i++) total += values[i]!;
    return total / size;
  });
}

/** The smallest value that at least this share of the values does not exceed (nearest rank). */
function percentile(values: Float32Array, share: number): Metric {
  if (!values.every(Number.isFinite)) return { value: null, sigma: null, reason: "divergent: a KL is not finite" };
  return { value: values.slice().sort()[Math.ceil(share * values.length) - 1]!, sigma: null };
}
