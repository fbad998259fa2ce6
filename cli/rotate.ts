import { codebookOption } from "./codebooks.ts";
import { deviceInput, deviceOption } from "./device.ts";
import { fetchProgress } from "./fetchProgress.ts";
import type { Command } from "./options.ts";
import { json } from "./table.ts";
import { versions } from "./versions.ts";

/** Seeds are written into ids and records; more than this is no seed but a slip. */
const SEED_MAX = 2 ** 31 - 1;

export const rotate: Command = {
  name: "rotate",
  summary: "write a model whose residual stream and heads are rotated by Hadamard matrices, with the same logits",
  arguments: [{ name: "MODEL", required: true, help: "folder, .gguf file, Hub id (org/name), or reference" }],
  options: {
    seed: { value: "N", help: "of the random signs (default 0)" },
    out: { value: "DIR", required: true, help: "new folder; appears whole or not at all" },
    codebook: codebookOption,
    device: deviceOption,
    json: { help: "print JSON" },
  },
  examples: ["rotate reference --out ./reference-rotated"],

  async run(input, { stdout, stderr }) {
    const out = input.text("out")!;
    const seed = input.whole("seed", 0, SEED_MAX) ?? 0;
    const device = await deviceInput(input, { stderr });
    // The engine loads a 20 MB library, which the other commands do without.
    const { rotateModel } = await import("../evaluate/rotate.ts");
    const model = input.positionals[0]!;
    const onFetch = fetchProgress(stderr);
    const record = await rotateModel({ model, out, seed, ...device, versions: versions(), onFetch });
    const { rotation, logitChange } = record;
    const blocks = `Hadamard blocks of ${rotation.residualBlock} (residual stream) and ${rotation.headBlock} (heads)`;
    const summary = `${blocks}; logits changed by ${logitChange.toExponential(1)} of their size\n${out}\n`;
    stdout.write(input.has("json") ? json(record) : summary);
    return undefined;
  },
};
