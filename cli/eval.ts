import { headOf, heads, scopes } from "../evaluate/sweep/index.ts";
import { CONTEXT_MAX, tasks } from "../evaluate/tasks/index.ts";
import type { Row } from "../evaluate/trial/row.ts";
import { accuracyChanges } from "../reports/accuracyChange.ts";
import { codebookOption } from "./codebooks.ts";
import { deviceInput, deviceOption } from "./device.ts";
import { evalProgress } from "./evalProgress.ts";
import { fetchProgress } from "./fetchProgress.ts";
import { calibrationInput, headHelp, methodOptions, settingHelp } from "./methods.ts";
import type { Command } from "./options.ts";
import { json, table } from "./table.ts";

export const evaluate: Command = {
  name: "eval",
  summary: "score a model on a task, as it is and in a format",
  arguments: [{ name: "MODEL", required: true, help: "folder, .gguf file, Hub id (org/name), or reference" }],
  options: {
    task: {
      value: "T",
      many: true,
      required: true,
      help: tasks.map(({ usage, summary }) => `${usage}: ${summary}`).join("; "),
    },
    format: { value: "F", help: "format id, e.g. sf4@g128; without it the model as it is" },
    codebook: codebookOption,
    ...methodOptions,
    activation: { value: "F", help: settingHelp.activation },
    kv: { value: "F", help: settingHelp.kv },
    head: { value: "H", help: headHelp },
    context: { value: "N", help: "tokens of a window (default: the model's maximum)" },
    limit: { value: "N", help: "score only N windows or examples, evenly spaced" },
    device: deviceOption,
    threads: { value: "N", help: "threads of the engine" },
    json: { help: "print the rows as JSON" },
  },
  examples: [
    "eval reference --task perplexity:reference --format sf4@g32",
    "eval ./model --task perplexity:text.txt --context 512 --json",
    "eval ./model --task lambada:lambada.jsonl --task piqa:piqa.parquet --format sf4@g32",
    "eval reference --task perplexity:reference --format int3@g64 --method clip+gptq",
    "eval reference --task perplexity:reference --format e2m1 --activation same --kv int4 --method smoothquant",
    "eval reference --task perplexity:reference --format sf4 --head quant",
  ],

  async run(input, { stdout, stderr }) {
    const threads = input.whole("threads", 1, 1024);
    const device = await deviceInput(input, { stderr });
    // The engine loads a 20 MB library, which the other commands do without.
    const { evaluateModel } = await import("../evaluate/evaluate.ts");
    const note = (await import("./memoryNote.ts")).memoryNote(stderr);
    const rows = await evaluateModel({
      model: input.positionals[0]!,
      format: input.text("format") ?? null,
      method: input.text("method") ?? "rtn",
      activation: input.text("activation") ?? "fp32",
      kv: input.text("kv") ?? "fp32",
      head: input.oneOf("head", heads) ?? "fp",
      ...calibrationInput(input),
      task: input.list("task"),
      context: input.whole("context", 2, CONTEXT_MAX) ?? null,
      limitWindows: input.whole("limit", 1, Number.MAX_SAFE_INTEGER) ?? null,
      ...evalProgress(stderr),
      onFetch: fetchProgress(stderr),
      onMemory: note,
      ...(threads === undefined ? {} : { threads }),
      ...device,
    });
    if (input.has("json")) {
      stdout.write(json(rows));
      return undefined;
    }
    const settings = (["activation", "kv"] as const).filter((name) => rows.some((row) => row[name] !== undefined));
    const scoped = rows.some(({ scope }) => scope !== scopes.fp);
    const several = new Set(rows.map(({ task }) => task)).size > 1;
    const named = (row: Row) => [row.format, ...(several ? [row.task] : [])];
    const names = ["format", ...(several ? ["task"] : [])];
    const header = [
      ...names,
      ...settings,
      ...(scoped ? ["head"] : []),
      "bits/weight",
      "of the model",
      "perplexity",
      "± σ",
      "Δ loss",
      "± σ",
      "windows",
      "protocol",
      "note",
    ];
    const cells = rows.map((row) => [
      ...named(row),
      ...settings.map((name) => row[name] ?? "fp32"),
      ...(scoped ? [headOf(row.scope)] : []),
      row.bitsPerWeight,
      row.modelBitsPerWeight ?? "",
      row.perplexity,
      row.perplexitySigma,
      row.deltaLoss,
      row.deltaLossSigma,
      row.windows,
      row.protocol,
      row.reason ?? "",
    ]);
    stdout.write(table(header, cells));
    const figures = rows.flatMap((row) =>
      Object.entries(row.metrics ?? {}).map(
        ([name, { value, sigma, delta = null, deltaSigma = null, reason = "" }]) => {
          return [...named(row), name, value, sigma, delta, deltaSigma, reason];
        },
      ),
    );
    if (figures.length > 0)
      stdout.write(`\n${table([...names, "figure", "value", "± σ", "Δ to fp32", "± σ", "note"], figures)}`);
    const kept = accuracyChanges(rows).flatMap(({ changes, tasks }) =>
      changes.map(({ row, change, sigma }) => [row.format, 100 * change, 100 * sigma, tasks.length]),
    );
    if (kept.length > 0)
      stdout.write(`\n${table(["format", "mean relative change of accuracy (%)", "± σ", "tasks"], kept)}`);
    return undefined;
  },
};
