import { type Example, hasFields, textOf } from "./examples.ts";
import { choiceTexts, indexOf, multipleChoice, type Question, queried, templated } from "./multipleChoice.ts";
import type { Task } from "./task.ts";

const FIELDS = ["activity_label", "ctx_a", "ctx_b", "endings", "label"];

/** HellaSwag, zero-shot as in lm-eval: the activity, a colon and the text so far, and an ending. */
export const hellaswag: Task = multipleChoice(
  {
    id: "hellaswag",
    usage: "hellaswag:FILE",
    summary:
      "HellaSwag, 0-shot ({activity_label, ctx_a, ctx_b, endings, label} or {query, choices, gold}): acc and acc_norm",
  },
  questionOf,
);

function questionOf(example: Example): Question {
  if (!hasFields(example, ...FIELDS)) {
    const { query, choices, gold } = templated(example, FIELDS.join(", "));
    return queried(query, choices, gold);
  }
  const part = (name: string) => (example.fields[name] === "" ? "" : textOf(example, name));
  const endings = choiceTexts(example, "endings");
  const query = cleaned(`${part("activity_label")}: ${part("ctx_a")} ${capitalized(part("ctx_b"))}`);
  return queried(query, endings.map(cleaned), indexOf(example, "label", endings.length));
}

/** lm-eval's `preprocess`: what is left of WikiHow's markup goes. */
function cleaned(text: string): string {
  return text
    .trim()
    .replaceAll(" [title]", ". ")
    .replaceAll(/\[.*?\]/g, "")
    .replaceAll("  ", " ");
}

/** Python's str.capitalize: the first letter large, all others small. */
function capitalized(text: string): string {
  const [first = "", ...rest] = text;
  const head = first.toUpperCase();
  return head.slice(0, 1) + (head.slice(1) + rest.join("")).toLowerCase();
}
