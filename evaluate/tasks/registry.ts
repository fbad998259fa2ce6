import { UserError } from "../../formats/error.ts";
import { arcChallenge, arcEasy } from "./arc.ts";
import { boolq } from "./boolq.ts";
import { divergence } from "./divergence.ts";
import { hellaswag } from "./hellaswag.ts";
import { lambada } from "./lambada.ts";
import { choices } from "./multipleChoice.ts";
import { perplexity } from "./perplexity.ts";
import { piqa } from "./piqa.ts";
import type { Task, TaskSpec } from "./task.ts";
import { wikitext2Gptq } from "./wikitext2Gptq.ts";
import { winogrande } from "./winogrande.ts";
import { wordPerplexity } from "./wordPerplexity.ts";

/** Every task: a new one is its file and a line here. */
export const tasks: readonly Task[] = [
  perplexity,
  wikitext2Gptq,
  wordPerplexity,
  divergence,
  lambada,
  hellaswag,
  piqa,
  winogrande,
  arcEasy,
  arcChallenge,
  boolq,
  choices,
];

/** The task of this id. Throws UserError listing the known ones. */
export function taskById(id: string): Task {
  const task = tasks.find((task) => task.id === id);
  if (!task) throw new UserError(`task "${id}": unknown; known are ${tasks.map((task) => task.usage).join(", ")}`);
  return task;
}

/** Reads `TASK:SOURCE`, e.g. `perplexity:notes.txt`. Throws UserError for an unknown task or an empty source. */
export function parseTask(text: string): TaskSpec {
  const colon = text.indexOf(":");
  const task = taskById(colon < 0 ? text : text.slice(0, colon));
  const source = colon < 0 ? "" : text.slice(colon + 1);
  if (source === "") throw new UserError(`task "${text}": nothing after the colon; write ${task.usage}`);
  return { task: task.id, source };
}
