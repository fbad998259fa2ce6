import { createHash } from "node:crypto";
import { UserError } from "../../formats/error.ts";
import { measureWindows } from "./perplexity.ts";
import type { Task, TaskData, TaskInputs, TaskSpec } from "./task.ts";
import { wikitextRows } from "./wikitext.ts";
import { cutWindows, subsetSuffix } from "./windows.ts";

/** SHA-256 of the 4 358 rows of wikitext-2-raw-v1's test split joined by "\n\n" (287 644 tokens of GPT-2's). */
export const WIKITEXT2_SHA256 = "696cca6b65a171b0a358a4be6732cdfdf2dd6164a32e20fd70e3c13fc4dfae83";

/**
 * WikiText-2 as published quantization papers score it (Frantar et al. 2022, GPTQ's datautils.py and opt.py): the rows of
 * the test split joined by empty lines, tokenized once, independent windows of 2048 tokens or the model's maximum.
 */
export const wikitext2Gptq: Task = {
  id: "wikitext2-gptq",
  usage: "wikitext2-gptq:FILE",
  summary: "WikiText-2's test split by the protocol of the GPTQ paper, windows of 2048 tokens (.txt, .jsonl, .parquet)",
  contextMax: 2048,

  prepare({ source }: TaskSpec, { data, encode, context, limitWindows }: TaskInputs): TaskData {
    const text = wikitextRows(data, source).join("\n\n");
    const found = createHash("sha256").update(text).digest("hex");
    if (found !== WIKITEXT2_SHA256)
      throw new UserError(
        `${source}: not the test split of WikiText-2 (raw): SHA-256 of its rows joined is ${found.slice(0, 12)}…, expected ${WIKITEXT2_SHA256.slice(0, 12)}…; score other texts with perplexity:${source}`,
      );
    const cut = cutWindows(encode(text), context, { source, limit: limitWindows });
    return {
      task: `wikitext2-gptq:${source}`,
      source,
      protocol: `wikitext2-gptq-${context}${subsetSuffix(cut.count, cut.available)}`,
      count: cut.count,
      longest: context - 1,
      warnings: [],
      measure: (model) => measureWindows(model, cut, source),
    };
  },
};
