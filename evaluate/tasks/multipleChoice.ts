import { UserError } from "../../formats/error.ts";
import { type Example, hasFields, readExamples, textOf, unknownFields } from "./examples.ts";
import { cutWarnings, encodeRequest, requestsProtocol, spaced } from "./requests.ts";
import { meanMetric } from "./statistics.ts";
import type { RequestScore, ScoredModel, Task, TaskData, TaskInputs, TaskMetrics, TaskSpec } from "./task.ts";

/** A question ready to be asked. */
export interface Question {
  query: string;
  /** As they follow the query, and as their length is counted: without the space in front. */
  choices: string[];
  /** Index of the right choice. */
  gold: number;
}

/** The longest lists of choices of the common tasks have five; more than this is another file given by mistake. */
const CHOICES_MAX = 64;

/** What stands before and after PIQA's goal. */
const HEAD = "Question: ";
const TAIL = "\nAnswer:";
const PIQA_FIELDS = ["goal", "sol1", "sol2", "label"];

/**
 * Multiple choice as in lm-evaluation-harness: acc takes the choice of the highest Σ log p, acc_norm that of the highest
 * Σ log p over the choice's length in characters (code points), the first of equals.
 * `windowLoss` holds the right choice's mean loss in nats per token, one an example: it tells formats apart where the
 * model's accuracy is at chance.
 */
function multipleChoice(about: Pick<Task, "id" | "usage" | "summary">, questionOf: (each: Example) => Question): Task {
  const { id } = about;
  return {
    ...about,

    prepare({ source }: TaskSpec, inputs: TaskInputs): TaskData {
      const { examples, available } = readExamples(inputs.text, source, inputs.limitWindows);
      const questions = examples.map(questionOf);
      const prepared = questions.flatMap(({ query, choices }, i) =>
        choices.map((choice) => encodeRequest(inputs, query, spaced(query, choice), examples[i]!.where)),
      );
      const requests = prepared.map(({ request }) => request);
      return {
        task: `${id}:${source}`,
        source,
        protocol: requestsProtocol(`${id}-0shot`, inputs.context, examples.length, available),
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
  for (const { choices, gold } of questions) {
    const own = sums.slice(at, at + choices.length);
    acc.push(best(own) === gold ? 1 : 0);
    accNorm.push(best(own.map((sum, i) => sum / Array.from(choices[i]!).length)) === gold ? 1 : 0);
    losses.push(-own[gold]! / scores[at + gold]!.logProbs.length);
    for (const { logProbs } of scores.slice(at, at + choices.length)) tokens += logProbs.length;
    at += choices.length;
  }
  return {
    perplexity: null,
    perplexitySigma: null,
    windowLoss: losses.every(Number.isFinite) ? losses : [],
    windows: questions.length,
    tokens,
    reason: `${id} has no perplexity: its figures are acc and acc_norm`,
    metrics: { acc: meanMetric(acc, sums), acc_norm: meanMetric(accNorm, sums) },
  };
}

/** Index of the highest, the first of equals. */
function best(values: readonly number[]): number {
  return values.reduce((top, value, i) => (value > values[top]! ? i : top), 0);
}

/** A whole number in a field, also written as text as some releases have it. Throws UserError naming the line. */
function indexOf({ fields, where }: Example, name: string, count: number): number {
  const value = fields[name];
  const index = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count)
    throw new UserError(`${where}: "${name}" must be the index of one of ${count} choices, from 0`);
  return index;
}

function templated(example: Example): Question {
  const { fields, where } = example;
  if (!hasFields(example, "query", "choices", "gold")) throw unknownFields(example, "query, choices and gold");
  const { choices } = fields;
  const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
  if (!Array.isArray(choices) || choices.length < 2 || choices.length > CHOICES_MAX || !choices.every(isText))
    throw new UserError(`${where}: "choices" must be 2 to ${CHOICES_MAX} texts`);
  return { query: textOf(example, "query"), choices, gold: indexOf(example, "gold", choices.length) };
}

/** The question of PIQA, also from pre-templated lines, whose query ("Question: …\n") may lack the "Answer:". */
function piqaQuestion(example: Example): Question {
  const ask = (goal: string) => `${HEAD}${goal}${TAIL}`;
  if (hasFields(example, ...PIQA_FIELDS)) {
    const choices = [textOf(example, "sol1"), textOf(example, "sol2")];
    return { query: ask(textOf(example, "goal")), choices, gold: indexOf(example, "label", 2) };
  }
  if (!hasFields(example, "query")) throw unknownFields(example, `${PIQA_FIELDS.join(", ")}, or query, choices, gold`);
  const { query, ...rest } = templated(example);
  if (!query.startsWith(HEAD)) throw new UserError(`${example.where}: "query" must begin with "${HEAD}"`);
  const bare = query.trimEnd();
  const goal = bare.slice(HEAD.length, bare.endsWith(TAIL) ? -TAIL.length : undefined).trimEnd();
  return { query: ask(goal), ...rest };
}

/** Any multiple choice, already templated: the query is followed by a space (unless white space is there) and a choice. */
export const choices: Task = multipleChoice(
  {
    id: "choices",
    usage: "choices:FILE.jsonl",
    summary: "any multiple choice ({query, choices, gold} a line): acc and acc_norm",
  },
  templated,
);

/** PIQA, zero-shot: "Question: {goal}\nAnswer:" and a solution. */
export const piqa: Task = multipleChoice(
  {
    id: "piqa",
    usage: "piqa:FILE.jsonl",
    summary: "PIQA, 0-shot ({goal, sol1, sol2, label} or {query, choices, gold} a line): acc and acc_norm",
  },
  piqaQuestion,
);
