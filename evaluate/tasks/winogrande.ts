import { UserError } from "../../formats/error.ts";
import { type Example, hasFields, textOf, unknownFields } from "./examples.ts";
import { choiceTexts, indexOf, multipleChoice, type Question } from "./multipleChoice.ts";
import type { Task } from "./task.ts";

const FIELDS = ["sentence", "option1", "option2", "answer"];

/**
 * WinoGrande by partial evaluation as in lm-eval: the sentence up to the blank with either option filled in is given, and
 * what follows the blank is scored behind it. All continuations being the same, there is no acc_norm.
 */
export const winogrande: Task = multipleChoice(
  {
    id: "winogrande",
    usage: "winogrande:FILE",
    summary:
      "WinoGrande, 0-shot, partial evaluation ({sentence, option1, option2, answer} or {context_options, continuation, gold}): acc",
  },
  questionOf,
);

function questionOf(example: Example): Question {
  const { fields, where } = example;
  if (hasFields(example, "context_options", "continuation", "gold")) {
    const contexts = choiceTexts(example, "context_options");
    return ask(contexts, textOf(example, "continuation"), indexOf(example, "gold", contexts.length));
  }
  if (!hasFields(example, ...FIELDS))
    throw unknownFields(example, `${FIELDS.join(", ")}, or context_options, continuation and gold`);
  const sentence = textOf(example, "sentence");
  const blank = sentence.indexOf("_");
  const rest = sentence.slice(blank + 1);
  if (blank < 0 || rest.trim() === "")
    throw new UserError(`${where}: "sentence" must have a blank "_" and go on behind it`);
  const gold = ["1", "2"].indexOf(String(fields.answer));
  if (gold < 0) throw new UserError(`${where}: "answer" must be 1 or 2`);
  const contexts = ["option1", "option2"].map((name) => sentence.slice(0, blank) + textOf(example, name));
  return ask(contexts, rest, gold);
}

function ask(contexts: readonly string[], rest: string, gold: number): Question {
  return { asked: contexts.map((context) => [context, ` ${rest.trim()}`]), gold };
}
