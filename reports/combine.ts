import type { Row } from "../evaluate/trial/row.ts";
import { metricAxis, metricIds } from "./axes.ts";
import { settingName } from "./settings.ts";

/** The mean of one trial over several models: what it states are means, what it is compared by are its parts. */
export interface CombinedRow extends Row {
  parts: Row[];
}

/**
 * Rows of several models, one task and protocol, as one row for each trial (format, method, seed) that every model has:
 * metrics and losses are means over models with equal weight, errors follow from the models' as independent, perplexity is
 * the geometric mean, bits per weight the mean. Costs are the first model's: they do not depend on the model.
 * @returns rows in the order of the first model; none where there is only one model.
 */
export function combineModels(rows: readonly Row[]): CombinedRow[] {
  const models = [...new Set(rows.map((row) => row.modelSha256))];
  if (models.length < 2) return [];
  const trials = new Map<string, Map<string, Row>>();
  for (const row of rows) {
    const trial = JSON.stringify([row.format, row.method, row.config.methodOptions ?? {}, row.seed, settingName(row)]);
    const found = trials.get(trial) ?? new Map<string, Row>();
    if (!found.has(row.modelSha256)) found.set(row.modelSha256, row);
    trials.set(trial, found);
  }
  return [...trials.values()]
    .filter((found) => found.size === models.length)
    .map((found) => combine(models.map((model) => found.get(model)!)));
}

function combine(parts: Row[]): CombinedRow {
  const first = parts[0]!;
  const mean = (read: (row: Row) => number | null): number | null => {
    const values = parts.map(read);
    return values.includes(null) ? null : values.reduce<number>((sum, value) => sum + value!, 0) / parts.length;
  };
  const error = (read: (row: Row) => number | null): number | null => {
    const values = parts.map(read);
    return values.includes(null) ? null : Math.hypot(...values.map((value) => value!)) / parts.length;
  };
  const logPerplexity = mean((row) => (row.perplexity === null ? null : Math.log(row.perplexity)));
  const perplexity = logPerplexity === null ? null : Math.exp(logPerplexity);
  const relative = error(({ perplexity, perplexitySigma: sigma }) =>
    perplexity === null || sigma === null ? null : sigma / perplexity,
  );
  const figures = metricIds(parts).filter((id) => parts.some(({ metrics }) => metrics && Object.hasOwn(metrics, id)));
  const metrics = Object.fromEntries(
    figures.map((id) => {
      const axis = metricAxis(id);
      return [
        id,
        {
          value: mean(axis.value),
          sigma: error(axis.sigma),
          delta: mean((row) => axis.difference(row).mean),
          deltaSigma: error((row) => axis.difference(row).sigma),
        },
      ];
    }),
  );
  const modelBits = mean((row) => row.modelBitsPerWeight ?? null);
  return {
    ...first,
    key: parts.map((row) => row.key).join("+"),
    model: `the mean of ${parts.length} models`,
    modelSha256: parts.map((row) => row.modelSha256).join("+"),
    perplexity,
    perplexitySigma: perplexity === null || relative === null ? null : perplexity * relative,
    deltaLoss: mean((row) => row.deltaLoss),
    deltaLossSigma: error((row) => row.deltaLossSigma),
    tokens: parts.reduce((sum, row) => sum + row.tokens, 0),
    windows: parts.reduce((sum, row) => sum + row.windows, 0),
    windowLoss: parts.flatMap((row) => row.windowLoss),
    ...(figures.length > 0 && { metrics }),
    bitsPerWeight: mean((row) => row.bitsPerWeight)!,
    ...(modelBits !== null && { modelBitsPerWeight: modelBits }),
    weightMse: mean((row) => row.weightMse)!,
    layers: [],
    warnings: [...new Set(parts.flatMap((row) => row.warnings))],
    parts,
  };
}
