import type { Row } from "../evaluate/trial/row.ts";
import { UserError } from "../formats/error.ts";
import type { MetricAxis } from "./axes.ts";
import type { CombinedRow } from "./combine.ts";
import { plain } from "./escape.ts";
import { pairedDifference } from "./paired.ts";

/** How much more a has of a metric than b: mean with one standard error; `paired` where it is over the same windows or examples. */
export interface Difference {
  mean: number;
  sigma: number;
  paired: boolean;
}

/**
 * The metric of a minus that of b: paired over windows or examples (loss in nats per token, also where the metric is
 * perplexity, its exponential); where a row has none, from the two differences to full precision, or the two values,
 * taken as independent, which overstates the error. Of combined rows, the mean over their parts.
 * @throws UserError when the rows have read different numbers of windows, or neither windows nor an error bar.
 */
export function difference(a: Row, b: Row, metric: MetricAxis): Difference {
  const [parts, others] = [partsOf(a), partsOf(b)];
  if (parts.length !== others.length)
    throw new UserError(`${plain(a.format)} is of ${parts.length} models and ${plain(b.format)} of ${others.length}`);
  const each = parts.map((part, i) => single(part, others[i]!, metric));
  return {
    mean: each.reduce((sum, { mean }) => sum + mean, 0) / each.length,
    sigma: Math.hypot(...each.map(({ sigma }) => sigma)) / each.length,
    paired: each.every(({ paired }) => paired),
  };
}

function partsOf(row: Row): readonly Row[] {
  return (row as Partial<CombinedRow>).parts ?? [row];
}

function single(a: Row, b: Row, metric: MetricAxis): Difference {
  const [left, right] = [metric.observations(a), metric.observations(b)];
  if (left.length > 0 && right.length > 0) {
    if (left.length !== right.length)
      throw new UserError(
        `${plain(a.format)} read ${left.length} windows and ${plain(b.format)} ${right.length}, ` +
          `both under protocol ${plain(a.protocol)}; their losses cannot be paired`,
      );
    const { mean, sigma } = pairedDifference(left, right);
    return { mean, sigma, paired: true };
  }
  const [x, y] = [metric.difference(a), metric.difference(b)];
  if (x.mean !== null && y.mean !== null && x.sigma !== null && y.sigma !== null)
    return { mean: x.mean - y.mean, sigma: Math.hypot(x.sigma, y.sigma), paired: false };
  const [u, v] = [metric.value(a), metric.value(b)];
  const [s, t] = [metric.sigma(a), metric.sigma(b)];
  // A perplexity is not the loss that rows are compared by.
  if (metric.id === "perplexity" || u === null || v === null || s === null || t === null)
    throw new UserError(
      `${plain(a.format)} and ${plain(b.format)} have neither windows nor an error bar to compare by`,
    );
  return { mean: u - v, sigma: Math.hypot(s, t), paired: false };
}
