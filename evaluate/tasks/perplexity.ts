import { plainText } from "./dataFile.ts";
import { perplexityOf } from "./statistics.ts";
import type { ScoredModel, Task, TaskData, TaskInputs, TaskMetrics, TaskSpec } from "./task.ts";
import { cutWindows, type Windows, windowsProtocol } from "./windows.ts";

/** Perplexity of a plain text under the windows protocol: see `cutWindows` and `perplexityOf`. */
export const perplexity: Task = {
  id: "perplexity",
  usage: "perplexity:FILE",
  summary:
    "perplexity of a text (.txt; .jsonl or .parquet with a field text) in independent windows ('perplexity:reference': the embedded held-out text)",

  prepare({ source }: TaskSpec, { data, encode, context, limitWindows }: TaskInputs): TaskData {
    const cut = cutWindows(encode(plainText(data, source)), context, { source, limit: limitWindows });
    return {
      task: `perplexity:${source}`,
      source,
      protocol: windowsProtocol(context, cut.count < cut.available ? cut.count : null),
      count: cut.count,
      longest: context - 1,
      warnings: [],
      measure: (model) => measureWindows(model, cut, source),
    };
  },
};

/** Perplexity over windows. */
export async function measureWindows(
  model: ScoredModel,
  { windows, count, context }: Windows,
  source: string,
): Promise<TaskMetrics> {
  const losses = await model.windows(windows, count, context);
  if (losses.length !== count)
    throw new Error(`${source}: ${count} windows were given, ${losses.length} losses came back`);
  const { perplexity, perplexitySigma, reason } = perplexityOf(losses);
  return {
    perplexity,
    perplexitySigma,
    // JSON has no NaN: a divergent run keeps no losses, its reason says which window.
    windowLoss: perplexity === null ? [] : Array.from(losses),
    windows: count,
    tokens: count * context,
    ...(reason === undefined ? {} : { reason }),
  };
}
