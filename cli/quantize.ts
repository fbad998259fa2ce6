import { heads } from "../evaluate/sweep/index.ts";
import { codebookOption } from "./codebooks.ts";
import { deviceInput, deviceOption } from "./device.ts";
import { fetchProgress } from "./fetchProgress.ts";
import { calibrationInput, headHelp, methodOptions } from "./methods.ts";
import type { Command } from "./options.ts";
import { json } from "./table.ts";
import { versions } from "./versions.ts";

export const quantize: Command = {
  name: "quantize",
  summary: "round a model's linear layers to a format and write it as a Hugging Face folder",
  arguments: [{ name: "MODEL", required: true, help: "folder, .gguf file, Hub id (org/name), or reference" }],
  options: {
    format: { value: "F", required: true, help: "format id, e.g. sf4@g128; 'bitfrontier formats' lists the elements" },
    codebook: codebookOption,
    ...methodOptions,
    head: { value: "H", help: headHelp },
    device: { ...deviceOption, help: `for calibration; ${deviceOption.help}` },
    out: { value: "DIR", required: true, help: "new folder; appears whole or not at all" },
    packed: {
      help: "write codes and scales as the format stores them, which bitfrontier reads; for methods that leave weights on the format's grid, such as rtn or clip+gptq",
    },
    json: { help: "print JSON" },
  },
  examples: [
    "quantize reference --format sf4@g64 --out ./reference-sf4",
    "quantize ./model --format int3@g128 --method gptq --calibration text.txt --out ./model-int3",
  ],

  async run(input, { stdout, stderr }) {
    const out = input.text("out")!;
    const device = await deviceInput(input, { stderr });
    // The engine loads a 20 MB library, which the other commands do without.
    const { quantizeModel } = await import("../evaluate/quantize.ts");
    const note = (await import("./memoryNote.ts")).memoryNote(stderr);
    const record = await quantizeModel({
      model: input.positionals[0]!,
      format: input.text("format")!,
      method: input.text("method") ?? "rtn",
      ...calibrationInput(input),
      out,
      packed: input.has("packed"),
      head: input.oneOf("head", heads) ?? "fp",
      versions: versions(),
      ...device,
      onFetch: fetchProgress(stderr),
      onMemory: note,
    });
    const { format, method, layers, bitsPerWeight, weightMse } = record;
    const summary = `${layers.length} layers in ${format} by ${method}: ${bitsPerWeight.toFixed(3)} bits per weight, relative error ${weightMse.toExponential(3)}`;
    stdout.write(input.has("json") ? json(record) : `${summary}\n${out}\n`);
    return undefined;
  },
};
