import { type Example, hasFields, textOf } from "./examples.ts";
import { asQuestion, indexOf, multipleChoice, type Question, queried, questionAnswer } from "./multipleChoice.ts";
import type { Task } from "./task.ts";

const FIELDS = ["goal", "sol1", "sol2", "label"];

/** PIQA, zero-shot as in lm-eval: "Question: {goal}\nAnswer:" and a solution. */
export const piqa: Task = multipleChoice(
  {
    id: "piqa",
    usage: "piqa:FILE",
    summary: "PIQA, 0-shot ({goal, sol1, sol2, label} or {query, choices, gold}): acc and acc_norm",
  },
  questionOf,
);

function questionOf(example: Example): Question {
  if (!hasFields(example, ...FIELDS)) return questionAnswer(example, FIELDS.join(", "));
  const choices = [textOf(example, "sol1"), textOf(example, "sol2")];
  return queried(asQuestion(textOf(example, "goal")), choices, indexOf(example, "label", 2));
}
