import { existsSync } from "node:fs";
import { UserError } from "../formats/index.ts";
import { codebookOption } from "./codebooks.ts";
import { deviceInput, deviceOption } from "./device.ts";
import { fetchProgress } from "./fetchProgress.ts";
import type { Command } from "./options.ts";
import { json } from "./table.ts";

/** Sampling hotter than this is uniform noise over the vocabulary. */
const TEMPERATURE_MAX = 100;
const TOKENS = 65536;
const TOP_K = 50;

export const generate: Command = {
  name: "generate",
  summary: "let a model write text: data to calibrate on or to retrain with where there is none (LLM-QAT)",
  arguments: [{ name: "MODEL", required: true, help: "folder, .gguf file, Hub id (org/name), or reference" }],
  options: {
    out: { value: "FILE", required: true, help: "new text file; appears whole or not at all" },
    tokens: { value: "N", help: `how many to make (default ${TOKENS})` },
    length: { value: "N", help: "tokens of the longest sequence (default: 256, or the model's maximum)" },
    prompts: { value: "FILE", help: "continue its lines; without it, tokens from all over the vocabulary" },
    temperature: { value: "T", help: "of the sampling (default 1); 0 takes the most likely token" },
    "top-k": { value: "K", help: `only the K most likely tokens (default ${TOP_K}; 0 for all)` },
    "top-p": { value: "P", help: "only the most likely tokens of that probability (default 1: all)" },
    seed: { value: "N", help: "of the sampling (default 0)" },
    codebook: codebookOption,
    device: deviceOption,
    threads: { value: "N", help: "threads of the engine" },
    json: { help: "print JSON" },
  },
  examples: [
    "generate reference --tokens 20000 --out generated.txt",
    "generate reference --prompts lines.txt --out generated.txt",
  ],

  async run(input, { stdout, stderr }) {
    const out = input.text("out")!;
    if (existsSync(out)) throw new UserError(`output file ${out}: exists; give a new one`);
    const prompts = input.text("prompts");
    const threads = input.whole("threads", 1, 1024);
    const device = await deviceInput(input, { stderr });
    // The engine loads a 20 MB library, which the other commands do without.
    const { generateText, TOKENS_MAX } = await import("../evaluate/generateText.ts");
    const { CONTEXT_MAX } = await import("../evaluate/tasks/index.ts");
    const { readText } = await import("../evaluate/storage/dataFile.ts");
    const { writeFileAtomic } = await import("../evaluate/storage/files.ts");
    const lines =
      prompts === undefined
        ? null
        : readText(prompts)
            .split(/\r?\n/)
            .filter((line) => line.trim() !== "");
    if (lines?.length === 0) throw new UserError(`${prompts}: no prompts; one a line`);
    const { text, warnings, ...made } = await generateText({
      model: input.positionals[0]!,
      tokens: input.whole("tokens", 1, TOKENS_MAX) ?? TOKENS,
      length: input.whole("length", 2, CONTEXT_MAX) ?? null,
      prompts: lines,
      temperature: input.decimal("temperature", 0, TEMPERATURE_MAX) ?? 1,
      topK: input.whole("top-k", 0, Number.MAX_SAFE_INTEGER) ?? TOP_K,
      topP: input.decimal("top-p", 0, 1) ?? 1,
      seed: input.whole("seed", 0, 2 ** 31 - 1) ?? 0,
      ...(threads === undefined ? {} : { threads }),
      ...device,
      onFetch: fetchProgress(stderr),
    });
    writeFileAtomic(out, text);
    for (const warning of warnings) stderr.write(`warning: ${warning}\n`);
    const summary = `${made.sequences} sequences, ${made.tokens} tokens; ${made.degenerate} left out as repeating themselves\n${out}\n`;
    stdout.write(input.has("json") ? json({ ...made, out }) : summary);
    return undefined;
  },
};
