import { type Example, hasFields, readExamples, textOf, unknownFields } from "./examples.ts";
import { cutWarnings, encodeRequest, lengthsOf, requestsProtocol, spaced } from "./requests.ts";
import { meanMetric, perplexityOf, ratioPerplexity } from "./statistics.ts";
import type { ScoredModel, Task, TaskData, TaskInputs, TaskMetrics, TaskSpec } from "./task.ts";

/**
 * LAMBADA, the openai variant of lm-evaluation-harness (lambada_openai): the model is to say the last word of a passage,
 * split off at the last space. acc: all of its tokens are the most likely ones. The perplexity is exp of the mean over
 * *examples* of −Σ log p; `ppl_token` is that over all tokens. `windowLoss` has each example's mean loss in nats per token,
 * as of every task.
 */
export const lambada: Task = {
  id: "lambada",
  usage: "lambada:FILE",
  summary: "last word of passages, lambada_openai ({text} or {context, continuation}): acc and perplexity a word",

  prepare({ source }: TaskSpec, inputs: TaskInputs): TaskData {
    const { examples, available } = readExamples(inputs.data, source, inputs.limitWindows);
    const prepared = examples.map((example) => {
      const { context, target } = passageOf(example);
      return encodeRequest(inputs, context, target, example.where);
    });
    const requests = prepared.map(({ request }) => request);
    return {
      task: `lambada:${source}`,
      source,
      protocol: requestsProtocol("lambada-openai", inputs.context, examples.length, available),
      count: examples.length,
      ...lengthsOf(requests),
      warnings: cutWarnings(prepared, inputs.context),
      async measure(model: ScoredModel): Promise<TaskMetrics> {
        const scores = await model.continuations(requests);
        const losses = scores.map(({ logProbs }) => -logProbs.reduce((sum, value) => sum + value, 0));
        const tokens = requests.map(({ continuation }) => continuation.length);
        const { perplexity, perplexitySigma, reason } = perplexityOf(losses);
        const metrics = {
          acc: meanMetric(
            scores.map(({ greedy }) => (greedy ? 1 : 0)),
            losses,
          ),
          ppl_token: ratioPerplexity(losses, tokens),
        };
        return {
          perplexity,
          perplexitySigma,
          windowLoss: perplexity === null ? [] : losses.map((loss, i) => loss / tokens[i]!),
          windows: losses.length,
          tokens: tokens.reduce((sum, n) => sum + n, 0),
          ...(reason === undefined ? {} : { reason }),
          metrics,
        };
      },
    };
  },
};

/** The passage up to its last space, and the last word with the space in front of it. */
function passageOf(example: Example): { context: string; target: string } {
  if (hasFields(example, "context", "continuation")) {
    const context = textOf(example, "context");
    return { context, target: spaced(context, textOf(example, "continuation")) };
  }
  if (!hasFields(example, "text")) throw unknownFields(example, "text, or context and continuation");
  const text = textOf(example, "text");
  const at = text.lastIndexOf(" ");
  if (text.slice(0, Math.max(at, 0)).trim() === "" || at === text.length - 1)
    throw unknownFields({ ...example, fields: { text } }, "text with a last word after a space");
  return { context: text.slice(0, at), target: text.slice(at) };
}
