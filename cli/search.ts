import { fetchModel } from "../evaluate/model/index.ts";
import { type SearchReport, searchModel, TRIES } from "../evaluate/search/index.ts";
import { GROUP_MAX } from "../evaluate/sweep/index.ts";
import { createProgress } from "../evaluate/sweep/progress.ts";
import { codebookOption, useCodebooks } from "./codebooks.ts";
import { fetchProgress } from "./fetchProgress.ts";
import type { Command } from "./options.ts";
import { json, table } from "./table.ts";

/** Codebooks between two lines of progress. */
const STRIDE = 200;

export const search: Command = {
  name: "search",
  summary: "look for codebooks that beat the named ones, by area of the MAC and error in a model's weights",
  arguments: [{ name: "MODEL", required: true, help: "folder, .gguf file, Hub id (org/name), or reference" }],
  options: {
    bits: { value: "N", help: "bits of a code: 3, 4 (default) or 5" },
    group: { value: "N", help: "weights that share a scale (default 128)" },
    activation: { value: "F", help: "the other operand of the MAC (default int8)" },
    "area-below": {
      value: "GE",
      help: "largest MAC, in gate equivalents (default: that of the largest format to beat)",
    },
    beat: { value: "F", many: true, help: "a format to beat (default: the usual ones of those bits)" },
    tries: { value: "N", help: `codebooks to try, each a few milliseconds (default ${TRIES})` },
    keep: { value: "N", help: "how many of the frontier to keep, evenly spread (default 12)" },
    synthesize: { help: "synthesize and prove the MACs of those kept, and compare by these areas" },
    codebook: codebookOption,
    json: { help: "print JSON" },
  },
  examples: ["search reference", "search reference --bits 3 --group 64", "search reference --keep 6 --synthesize"],

  async run(input, { stdout, stderr }) {
    const [model] = input.positionals as [string];
    useCodebooks(input);
    const bits = input.oneOf("bits", ["3", "4", "5"]);
    const group = input.whole("group", 2, GROUP_MAX) ?? 128;
    const tries = input.whole("tries", 1, 10 ** 6) ?? TRIES;
    const keep = input.whole("keep", 1, 1000);
    const areaBelow = input.decimal("area-below", 1, 10 ** 6);
    const activation = input.text("activation");
    const named = input.list("beat");
    await fetchModel(model, { onProgress: fetchProgress(stderr) });
    const progress = createProgress({ stream: stderr, total: Math.ceil(tries / STRIDE) });
    const report = await searchModel(model, {
      group,
      tries,
      synthesize: input.has("synthesize"),
      ...(bits === undefined ? {} : { bits: Number(bits) as 3 | 4 | 5 }),
      ...(keep === undefined ? {} : { keep }),
      ...(areaBelow === undefined ? {} : { areaBelow }),
      ...(activation === undefined ? {} : { activation }),
      ...(named.length === 0 ? {} : { named }),
      onTry: (tried, frontier) => tried % STRIDE === 0 && progress.advance(`${frontier} on the frontier`),
      onSynthesis: (id) => progress.note(`synthesizing ${id}`),
    });
    progress.end();
    stdout.write(input.has("json") ? json(report) : printed(report, model, group));
    return undefined;
  },
};

function printed({ rows, tried, frontier, weights, activation }: SearchReport, model: string, group: number): string {
  const header = ["format", "", `area (GE, ${rows[0]!.provenance})`, "relative error", "beats"];
  const cells = rows.map((row) => [
    row.format,
    row.found ? "found" : "named",
    Math.round(row.areaGe),
    Number(row.relativeMse.toPrecision(4)),
    row.beats.map((id) => id.split("@")[0]).join(", "),
  ]);
  const better = rows.filter((row) => row.found && row.beats.length > 0);
  const beaten = new Set(better.flatMap((row) => row.beats));
  const formats = [...better.map(({ format }) => format), ...beaten].map((id) => id.replace(`@g${group}`, ""));
  return [
    `${tried} codebooks tried on ${weights.taken} of ${weights.of} weights in groups of ${group}, MACs with ${activation}; ${frontier} on the frontier`,
    "",
    table(header, cells),
    ...(better.length === 0
      ? ["None beats a named format beyond doubt."]
      : [
          "Error in weights is not yet accuracy. To evaluate what beats something, beside what it beats:",
          `bitfrontier sweep --models ${model} --groups ${group} --formats '${formats.join(",")}' --out runs/search`,
        ]),
    "",
  ].join("\n");
}
