import { UserError } from "../../formats/error.ts";
import { type Example, hasFields, readExamples, textOf, unknownFields } from "./examples.ts";
import { cutWarnings, encodeRequest, lengthsOf, requestsProtocol, spaced } from "./requests.ts";
import { meanMetric } from "./statistics.ts";
import type { Metric, RequestScore, ScoredModel, Task, TaskData, TaskInputs, TaskMetrics, TaskSpec } from "./task.ts";

/** A question ready to be asked. */
export interface Question {
  /** For each choice what is given and what is scored behind it, the space between them included. */
  asked: readonly (readonly [context: string, continuation: string])[];
  /** The choices as acc_norm counts their length; absent where it makes no sense, all continuations being the same. */
  choices?: readonly string[];
  /** Index of the right choice. */
  gold: number;
}

/** The longest lists of choices of the common tasks have five; more than this is another file given by mistake. */
const CHOICES_MAX = 64;

/**
 * Multiple choice as in lm-evaluation-harness: acc takes the choice of the highest Σ log p, acc_norm that of the highest
 * Σ log p over the choice's length in characters (code points), the first of equals.
 * `windowLoss` holds the right choice's mean loss in nats per token, one an example: it tells formats apart where the
 * model's accuracy is at chance.
 */
export function multipleChoice(
  about: Pick<Task, "id" | "usage" | "summary">,
  questionOf: (each: Example) => Question,
): Task {
  const { id } = about;
  return {
    ...about,

    prepare({ source }: TaskSpec, inputs: TaskInputs): TaskData {
      const { examples, available } = readExamples(inputs.data, source, inputs.limitWindows);
      const questions = examples.map(questionOf);
      const prepared = questions.flatMap(({ asked }, i) =>
        asked.map(([context, continuation]) => encodeRequest(inputs, context, continuation, examples[i]!.where)),
      );
      const requests = prepared.map(({ request }) => request);
      return {
        task: `${id}:${source}`,
        source,
        protocol: requestsProtocol(`${id}-0shot`, inputs.context, examples.length, available),
        count: examples.length,
        ...lengthsOf(requests),
        warnings: cutWarnings(prepared, inputs.context),
        async measure(model: ScoredModel): Promise<TaskMetrics> {
          return metricsOf(id, questions, await model.continuations(requests));
        },
      };
    },
  };
}

function metricsOf(id: string, questions: readonly Question[], scores: readonly RequestScore[]): TaskMetrics {
  const sums = scores.map(({ logProbs }) => logProbs.reduce((sum, value) => sum + value, 0));
  const [acc, accNorm, losses]: [number[], number[], number[]] = [[], [], []];
  let [at, tokens] = [0, 0];
  for (const { asked, choices, gold } of questions) {
    const own = sums.slice(at, at + asked.length);
    acc.push(best(own) === gold ? 1 : 0);
    if (choices) accNorm.push(best(own.map((sum, i) => sum / Array.from(choices[i]!).length)) === gold ? 1 : 0);
    losses.push(-own[gold]! / scores[at + gold]!.logProbs.length);
    for (const { logProbs } of scores.slice(at, at + asked.length)) tokens += logProbs.length;
    at += asked.length;
  }
  const metrics: Record<string, Metric> = { acc: meanMetric(acc, sums) };
  if (accNorm.length === questions.length) metrics.acc_norm = meanMetric(accNorm, sums);
  return {
    perplexity: null,
    perplexitySigma: null,
    windowLoss: losses.every(Number.isFinite) ? losses : [],
    windows: questions.length,
    tokens,
    reason: `${id} has no perplexity: its figures are ${Object.keys(metrics).join(" and ")}`,
    metrics,
  };
}

/** Index of the highest, the first of equals. */
function best(values: readonly number[]): number {
  return values.reduce((top, value, i) => (value > values[top]! ? i : top), 0);
}

/** One query and several choices, as lm-eval joins them: by a space, whatever the choice begins with. */
export function queried(query: string, choices: readonly string[], gold: number): Question {
  return { asked: choices.map((choice) => [query, ` ${choice}`]), choices, gold };
}

/** A whole number in a field, also written as text as some releases have it. Throws UserError naming the line. */
export function indexOf({ fields, where }: Example, name: string, count: number): number {
  const value = fields[name];
  const index = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count)
    throw new UserError(`${where}: "${name}" must be the index of one of ${count} choices, from 0`);
  return index;
}

/** The texts in a field, two or more. Throws UserError naming the line. */
export function choiceTexts({ fields, where }: Example, name: string): string[] {
  const list = fields[name];
  const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
  if (!Array.isArray(list) || list.length < 2 || list.length > CHOICES_MAX || !list.every(isText))
    throw new UserError(`${where}: "${name}" must be 2 to ${CHOICES_MAX} texts`);
  return list;
}

/** The fields of pre-templated lines (llm-foundry's local_data): a query, its choices and the index of the right one. */
export interface Templated {
  query: string;
  choices: string[];
  gold: number;
}

/** Reads pre-templated fields. Throws UserError naming the line and, where they are absent, the `others` that would do. */
export function templated(example: Example, others?: string): Templated {
  if (!hasFields(example, "query", "choices", "gold")) {
    throw unknownFields(example, `${others === undefined ? "" : `${others}, or `}query, choices and gold`);
  }
  const list = choiceTexts(example, "choices");
  return { query: textOf(example, "query"), choices: list, gold: indexOf(example, "gold", list.length) };
}

/**
 * A question of the tasks that ask "Question: …\nAnswer:", from a pre-templated query that may lack the "Answer:".
 * Throws UserError naming the line.
 */
export function questionAnswer(example: Example, others: string): Question {
  const { query, choices, gold } = templated(example, others);
  if (!query.startsWith(QUESTION)) throw new UserError(`${example.where}: "query" must begin with "${QUESTION}"`);
  const bare = query.trimEnd();
  const asked = bare.slice(QUESTION.length, bare.endsWith(ANSWER) ? -ANSWER.length : undefined).trimEnd();
  return queried(asQuestion(asked), choices, gold);
}

const QUESTION = "Question: ";
const ANSWER = "\nAnswer:";

/** "Question: …\nAnswer:" */
export function asQuestion(text: string): string {
  return `${QUESTION}${text}${ANSWER}`;
}

/** Any multiple choice, already templated: the query is followed by a space (unless white space is there) and a choice. */
export const choices: Task = multipleChoice(
  {
    id: "choices",
    usage: "choices:FILE",
    summary: "any multiple choice ({query, choices, gold}): acc and acc_norm",
  },
  (example) => {
    const { query, choices, gold } = templated(example);
    return { asked: choices.map((choice) => [query, spaced(query, choice)]), choices, gold };
  },
);
