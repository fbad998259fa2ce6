import { perplexityOf } from "./statistics.ts";
import type { ScoredModel, Task, TaskData, TaskInputs, TaskMetrics, TaskSpec } from "./task.ts";
import { cutWindows, windowsProtocol } from "./windows.ts";

/** Perplexity of a plain text under the windows protocol: see `cutWindows` and `perplexityOf`. */
export const perplexity: Task = {
  id: "perplexity",
  usage: "perplexity:FILE",
  summary: "perplexity of a plain text in independent windows ('perplexity:reference': the embedded held-out text)",

  prepare({ source }: TaskSpec, { text, encode, context, limitWindows }: TaskInputs): TaskData {
    const { windows, count, available } = cutWindows(encode(text), context, { source, limit: limitWindows });
    return {
      task: `perplexity:${source}`,
      source,
      protocol: windowsProtocol(context, count < available ? count : null),
      warnings: [],
      async measure(model: ScoredModel): Promise<TaskMetrics> {
        const losses = await model.windows(windows, count, context);
        if (losses.length !== count)
          throw new Error(`perplexity:${source}: ${count} windows were given, ${losses.length} losses came back`);
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
      },
    };
  },
};
