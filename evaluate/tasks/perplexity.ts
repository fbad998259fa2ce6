import { perplexityOf } from "./statistics.ts";
import type { Score, Task, TaskData, TaskInputs, TaskMetrics, TaskSpec } from "./task.ts";
import { cutWindows, windowsProtocol } from "./windows.ts";

/** Perplexity of a plain text under the windows protocol: see `cutWindows` and `perplexityOf`. */
export const perplexity: Task = {
  id: "perplexity",
  usage: "perplexity:FILE",
  summary: "perplexity of a plain text in independent windows ('perplexity:reference': the embedded held-out text)",

  prepare(spec: TaskSpec, { text, encode, context, limitWindows }: TaskInputs): TaskData {
    const cut = cutWindows(encode(text), context, { source: spec.source, limit: limitWindows });
    const protocol = windowsProtocol(context, cut.count < cut.available ? cut.count : null);
    return { task: `perplexity:${spec.source}`, source: spec.source, protocol, ...cut };
  },

  async measure({ windows, count, context, source }: TaskData, score: Score): Promise<TaskMetrics> {
    const losses = await score(windows, count, context);
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
