import { UserError } from "../../formats/error.ts";
import { type Example, hasFields, textOf } from "./examples.ts";
import { indexOf, multipleChoice, type Question, templated } from "./multipleChoice.ts";
import type { Task } from "./task.ts";

const CHOICES = ["no", "yes"];

/**
 * BoolQ, zero-shot as in lm-eval (boolq, version 2): "{passage}\nQuestion: {question}?\nAnswer:" and no or yes. It has no
 * acc_norm there: the answers are two words.
 */
export const boolq: Task = multipleChoice(
  {
    id: "boolq",
    usage: "boolq:FILE",
    summary: "BoolQ, 0-shot ({passage, question, label or answer} or {query, choices, gold}): acc",
  },
  questionOf,
);

function questionOf(example: Example): Question {
  const { fields, where } = example;
  const ask = (passage: string, question: string, gold: number): Question => ({
    asked: CHOICES.map((choice) => [`${passage}\nQuestion: ${question}?\nAnswer:`, ` ${choice}`]),
    gold,
  });
  if (hasFields(example, "passage", "question")) {
    // SuperGLUE has a label, the original data set a truth value.
    const gold = typeof fields.answer === "boolean" ? Number(fields.answer) : indexOf(example, "label", 2);
    return ask(textOf(example, "passage"), textOf(example, "question"), gold);
  }
  const { query, choices, gold } = templated(example, "passage, question, label");
  const parts = /^(?:Passage: )?(.*)\nQuestion: (.*?)\?(?:\s*Answer:)?\s*$/s.exec(query);
  if (!parts || choices.join() !== CHOICES.join())
    throw new UserError(`${where}: expected a query "Passage: …\\nQuestion: …?" and the choices no, yes`);
  return ask(parts[1]!, parts[2]!, gold);
}
