import { UserError } from "../../formats/error.ts";
import { type Example, hasFields, textOf } from "./examples.ts";
import { asQuestion, choiceTexts, multipleChoice, type Question, queried, questionAnswer } from "./multipleChoice.ts";
import type { Task } from "./task.ts";

const FIELDS = ["question", "choices", "answerKey"];

/** ARC, zero-shot as in lm-eval (arc_easy, arc_challenge): "Question: {question}\nAnswer:" and the text of a choice. */
const arc = (level: "easy" | "challenge"): Task =>
  multipleChoice(
    {
      id: `arc-${level}`,
      usage: `arc-${level}:FILE`,
      summary: `ARC ${level}, 0-shot ({question, choices: {text, label}, answerKey} or {query, choices, gold}): acc and acc_norm`,
    },
    questionOf,
  );

function questionOf(example: Example): Question {
  if (!hasFields(example, ...FIELDS)) return questionAnswer(example, FIELDS.join(", "));
  const { fields, where } = example;
  const listed = fields.choices as { text?: unknown; label?: unknown } | null;
  if (typeof listed !== "object" || listed === null || !Array.isArray(listed.label))
    throw new UserError(`${where}: "choices" must have text and label, each a list`);
  const choices = choiceTexts({ fields: { "choices.text": listed.text }, where }, "choices.text");
  const gold = listed.label.indexOf(fields.answerKey);
  if (listed.label.length !== choices.length || gold < 0)
    throw new UserError(`${where}: "answerKey" must be one of the ${choices.length} labels of the choices`);
  return queried(asQuestion(textOf(example, "question")), choices, gold);
}

export const arcEasy = arc("easy");
export const arcChallenge = arc("challenge");
