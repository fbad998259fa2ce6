import type { TeacherChoice } from "../evaluate/distill.ts";
import { CONTEXT_MAX } from "../evaluate/tasks/index.ts";
import { describeRecipes } from "../evaluate/training/recipes/index.ts";
import { codebookOption } from "./codebooks.ts";
import { deviceInput, deviceOption } from "./device.ts";
import { secondsOf } from "./duration.ts";
import { fetchProgress } from "./fetchProgress.ts";
import { type Command, UsageError } from "./options.ts";
import { json } from "./table.ts";
import { versions } from "./versions.ts";

export const distill: Command = {
  name: "distill",
  summary: "retrain a model into a format by a published recipe and write it as a Hugging Face folder",
  arguments: [{ name: "MODEL", required: true, help: "folder, .gguf file, Hub id (org/name), or reference" }],
  options: {
    format: { value: "F", required: true, help: "format id, e.g. twn; 'bitfrontier formats' lists the elements" },
    codebook: codebookOption,
    activation: { value: "F", help: "round the inputs of linear layers too while it learns: a format id, or same" },
    kv: { value: "F", help: "round keys and values too while it learns: a format id, same, or int4@token (LLM-QAT's)" },
    recipe: { value: "R", required: true, help: describeRecipes() },
    text: {
      value: "FILE",
      required: true,
      help: "UTF-8 text to learn from; reference is the embedded calibration text",
    },
    out: { value: "DIR", required: true, help: "new folder; appears whole or not at all" },
    tokens: {
      value: "N",
      help: "tokens to train on at most, in whole steps; seen twice counts twice (default: once through the text)",
    },
    time: { value: "T", help: "stop after so long: 90s, 30m, 2h" },
    rate: { value: "X", help: "peak learning rate (default: the recipe's, published for far larger models)" },
    batch: { value: "N", help: "windows of a step (default: as many as make 2048 tokens)" },
    context: { value: "N", help: "tokens of a window (default: the model's maximum, at most 512)" },
    seed: { value: "N", help: "seed of the order of windows (default 0)" },
    teacher: {
      value: "T",
      help: "graph (default): the full-precision model runs beside the student; full or topN: its probabilities are kept on disk",
    },
    resume: { help: "go on with the unfinished run beside DIR" },
    device: deviceOption,
    threads: { value: "N", help: "threads of the engine" },
    json: { help: "print the record as JSON" },
  },
  examples: [
    "distill reference --format twn --recipe tsld --text reference --tokens 100000 --rate 1e-3 --out ./reference-ternary",
    "distill ./model --format n2f3 --recipe bitdistiller --text text.txt --time 2h --teacher top64 --out ./model-3bit",
  ],

  async run(input, { stdout, stderr, interruptible }) {
    const out = input.text("out")!;
    const [tokens, batch] = [input.whole("tokens", 1, Number.MAX_SAFE_INTEGER), input.whole("batch", 1, 1 << 20)];
    const [context, threads] = [input.whole("context", 2, CONTEXT_MAX), input.whole("threads", 1, 1024)];
    const seed = input.whole("seed", 0, 2 ** 32 - 1);
    const rate = rateOf(input.text("rate"));
    const time = input.text("time");
    const seconds = time === undefined ? undefined : secondsOf(time, "distill: --time");
    const teacher = input.text("teacher") as TeacherChoice | undefined;
    const [activation, kv] = [input.text("activation"), input.text("kv")];
    const options = { activation, kv, tokens, seconds, rate, batch, context, seed, threads, teacher };
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    const device = await deviceInput(input, { stderr });
    // The engine loads a 20 MB library, which the other commands do without.
    const { distillModel } = await import("../evaluate/distill.ts");
    const { unitOf } = await import("../evaluate/training/losses.ts");
    const record = await distillModel({
      model: input.positionals[0]!,
      format: input.text("format")!,
      recipe: input.text("recipe")!,
      text: input.text("text")!,
      out,
      ...given,
      ...device,
      resume: input.has("resume"),
      versions: versions(),
      signal: interruptible(),
      onFetch: fetchProgress(stderr),
      onWarning: (text) => stderr.write(`warning: ${text}\n`),
      onProgress: ({ step, tokens: seen, terms, heldoutLoss }, steps) => {
        const squared = (term: string) => (unitOf(term) === "squared units" ? " (squared units)" : "");
        const each = Object.entries(terms).map(([name, value]) => `${name} ${value.toFixed(4)}${squared(name)}`);
        const losses = [...each, `held out ${heldoutLoss.toFixed(4)}`].join("  ");
        stderr.write(`step ${step}/${steps}  ${seen} tokens  nats per token: ${losses}\n`);
      },
    });
    if (input.has("json")) {
      stdout.write(json(record));
      return undefined;
    }
    const { training: log, bitsPerWeight, format, recipe } = record;
    const kept = `kept step ${log.best.step}, held-out loss ${log.best.heldoutLoss.toFixed(4)} nats per token`;
    stdout.write(
      `${format} by ${recipe.id}: ${log.tokens} of ${log.budget.tokens} tokens in ${log.steps} steps and ${log.seconds.toFixed(1)} s (ended by ${log.stoppedBy}), ${kept}, ${bitsPerWeight.toFixed(3)} bits per weight\n${out}\n`,
    );
    return undefined;
  },
};

function rateOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const rate = Number(text);
  if (!(rate > 0 && rate < Number.POSITIVE_INFINITY))
    throw new UsageError(`distill: --rate takes a number above 0, not "${text}"`);
  return rate;
}
