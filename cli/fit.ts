import { fetchModel } from "../evaluate/model/index.ts";
import { compareWithPaper, type NetworkComparison } from "../evaluate/paperComparison.ts";
import { FIT_UNITS, openModelTensors, profileTensors, type TensorFit } from "../evaluate/profile.ts";
import { GROUP_MAX } from "../evaluate/sweep/index.ts";
import { createProgress, type Progress } from "../evaluate/sweep/progress.ts";
import { paperNetworks } from "../fitting/index.ts";
import { parseFormat } from "../formats/index.ts";
import "../fitting/everyId.ts";
import { codebookOption, useCodebooks } from "./codebooks.ts";
import { fetchProgress } from "./fetchProgress.ts";
import { type Command, type Io, UsageError } from "./options.ts";
import { type Cell, json, table } from "./table.ts";

export const fit: Command = {
  name: "fit",
  summary: "fit a Student t to every weight matrix of a model, and predict what formats do to it",
  arguments: [{ name: "MODEL", help: "folder, .safetensors or .gguf file, Hub id (org/name), or reference" }],
  options: {
    by: { value: "UNIT", help: "tensor (default), row or block: also fit each row, or each block of a row" },
    block: { value: "N", help: "elements of a block with --by block (default 128)" },
    format: { value: "F", many: true, help: "predict the relative squared error of this format, without the data" },
    codebook: codebookOption,
    vectors: { help: "also fit norms and biases" },
    paper: { help: "instead of MODEL: the paper's networks that are in the Hub cache, beside its figures" },
    json: { help: "print JSON" },
  },
  examples: ["fit reference", "fit reference --format sf4@g32 --format nf4@g32", "fit reference --by row --json"],

  async run(input, io) {
    const by = input.oneOf("by", FIT_UNITS) ?? "tensor";
    const block = input.whole("block", 1, GROUP_MAX) ?? 128;
    const [model] = input.positionals;
    if (input.has("paper")) {
      if (model !== undefined) throw new UsageError("fit: --paper takes no MODEL; see bitfrontier fit --help");
      return fitPaper(io, input.has("json"));
    }
    if (model === undefined) throw new UsageError("fit: MODEL is missing; see bitfrontier fit --help");
    useCodebooks(input);
    const formats = input.list("format").map((id) => parseFormat(id));
    const checkpoint = openModelTensors(await fetchModel(model, { onProgress: fetchProgress(io.stderr) }));
    let progress: Progress | undefined;
    try {
      const onTensor = (_: string, __: number, total: number) => {
        progress ??= createProgress({ stream: io.stderr, total });
      };
      const fits: TensorFit[] = [];
      for (const fit of profileTensors(checkpoint, { by, block, vectors: input.has("vectors"), formats, onTensor })) {
        fits.push(fit);
        progress?.advance(fit.tensor);
      }
      progress?.end();
      io.stdout.write(input.has("json") ? json(fits) : fitTable(fits));
    } finally {
      checkpoint.close();
    }
    return undefined;
  },
};

function fitTable(fits: readonly TensorFit[]): string {
  const units = fits.some((fit) => fit.units !== undefined);
  const header = ["tensor", "shape", "ν", "± σ", "scale", "gain", "KS t", "KS normal", "verdict"];
  const unitHeader = ["unit", "ν 25 %", "ν 50 %", "ν 75 %", "shared ν", "shared verdict", "σ ln scale"];
  const formats = fits[0]?.predictions?.map(({ format }) => format) ?? [];
  const rows = fits.map(({ tensor, shape, fit, units: by, predictions = [] }): Cell[] => [
    tensor,
    shape.join("×"),
    round(fit.nu),
    round(fit.nuStderr),
    round(fit.scale),
    round(fit.gain),
    round(fit.ksT),
    round(fit.ksNormal),
    fit.verdict,
    ...(units
      ? [
          by ? `${by.fitted} of ${by.units} ${by.unit}s` : null,
          ...(by?.nuQuartiles ?? [null, null, null]).map(round),
          round(by?.within?.fit.nu ?? null),
          by?.within?.fit.verdict ?? null,
          round(by?.within?.logScaleSpread ?? null),
        ]
      : []),
    ...predictions.map(({ relativeMse }) => round(relativeMse)),
  ]);
  const printed = table([...header, ...(units ? unitHeader : []), ...formats], rows);
  return `${printed}${reasons(fits)}`;
}

/** Why predictions are missing, each reason once. */
function reasons(fits: readonly TensorFit[]): string {
  const lines = fits.flatMap(({ predictions = [] }) =>
    predictions.flatMap(({ format, reason }) =>
      reason === undefined ? [] : [`no prediction for ${format}: ${reason}\n`],
    ),
  );
  return [...new Set(lines)].join("");
}

function fitPaper({ stdout, stderr }: Io, asJson: boolean): undefined {
  const progress = createProgress({ stream: stderr, total: paperNetworks.length });
  const rows: NetworkComparison[] = [];
  for (const row of compareWithPaper()) {
    rows.push(row);
    progress.advance(row.network);
  }
  progress.end();
  stdout.write(asJson ? json(rows) : paperTable(rows));
  return undefined;
}

function paperTable(rows: readonly NetworkComparison[]): string {
  const header = [
    "network",
    "Hub id",
    "ν paper",
    "± layers",
    "ν",
    "± layers",
    "KS-Δ paper",
    "KS-Δ",
    "layers",
    "Gaussian",
  ];
  const cells = rows.map(({ network, hubId, assumed, weights, found }): Cell[] => [
    network,
    hubId === null ? null : `${hubId}${assumed ? " (?)" : ""}`,
    weights.nu,
    weights.nuSpread,
    round(found?.nu ?? null),
    round(found?.nuSpread ?? null),
    weights.ksDelta,
    round(found?.ksDelta ?? null),
    found?.layers ?? null,
    found?.gaussian ?? null,
  ]);
  const missing = rows.filter(({ found }) => found === null);
  const flawed = rows.flatMap(({ network, flaw }) => (flaw === null ? [] : [`${network}: ${flaw}\n`]));
  const notes = [
    "(?): the paper names no checkpoint; this is the likeliest\n",
    ...flawed,
    ...(missing.length > 0
      ? [
          `${missing.length} of ${rows.length} could not be read (--json says why); hf download HUB_ID brings one into the Hub cache\n`,
        ]
      : []),
  ];
  return `${table(header, cells)}${notes.join("")}`;
}

const round = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(3)));
