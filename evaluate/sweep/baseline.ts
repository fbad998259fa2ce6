import { pairedDifference } from "../tasks/statistics.ts";
import type { Metric } from "../tasks/task.ts";
import type { Row } from "../trial/row.ts";

/**
 * A row with its paired differences to the full-precision row: of the loss over the same windows, and of each figure over
 * the same examples. A pure function of the two rows, so that whoever ran the trial need not have had the baseline.
 */
export function compareWithBaseline(row: Row, baseline: Row): Row {
  const comparable = baseline.windowLoss.length > 0 && row.windowLoss.length > 0;
  const delta = comparable ? pairedDifference(row.windowLoss, baseline.windowLoss) : null;
  return {
    ...row,
    deltaLoss: delta?.mean ?? null,
    deltaLossSigma: delta?.sigma ?? null,
    ...(row.metrics ? { metrics: withDeltas(row.metrics, baseline) } : {}),
  };
}

/** Adds the paired difference to the baseline's figure of the same name, where both have their examples. */
function withDeltas(metrics: Record<string, Metric>, baseline: Row): Record<string, Metric> {
  const pairs = Object.entries(metrics).map(([name, metric]): [string, Metric] => {
    const before = baseline.metrics?.[name]?.examples;
    if (!before || !metric.examples) return [name, metric];
    const { mean, sigma } = pairedDifference(metric.examples, before);
    return [name, { ...metric, delta: mean, deltaSigma: sigma }];
  });
  return Object.fromEntries(pairs);
}
