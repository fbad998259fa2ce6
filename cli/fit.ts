import { resolveModel } from "../evaluate/model/index.ts";
import { FIT_UNITS, openModelTensors, profileTensors, type TensorFit } from "../evaluate/profile.ts";
import { GROUP_MAX } from "../evaluate/sweep/index.ts";
import type { Command } from "./options.ts";
import { type Cell, json, table } from "./table.ts";

export const fit: Command = {
  name: "fit",
  summary: "fit a Student t to every weight matrix of a model",
  arguments: [{ name: "MODEL", required: true, help: "folder, .safetensors file, Hub id in the cache, or reference" }],
  options: {
    by: { value: "UNIT", help: "tensor (default), row or block: also fit each row, or each block of a row" },
    block: { value: "N", help: "elements of a block with --by block (default 128)" },
    vectors: { help: "also fit norms and biases" },
    json: { help: "print JSON" },
  },
  examples: ["fit reference", "fit model.safetensors --by block --block 64 --json"],

  async run(input, { stdout }) {
    const by = input.oneOf("by", FIT_UNITS) ?? "tensor";
    const block = input.whole("block", 1, GROUP_MAX) ?? 128;
    const checkpoint = openModelTensors(resolveModel(input.positionals[0]!));
    try {
      const fits = [...profileTensors(checkpoint, { by, block, vectors: input.has("vectors") })];
      stdout.write(input.has("json") ? json(fits) : fitTable(fits));
    } finally {
      checkpoint.close();
    }
    return undefined;
  },
};

function fitTable(fits: readonly TensorFit[]): string {
  const units = fits.some((fit) => fit.units !== undefined);
  const header = ["tensor", "shape", "ν", "± σ", "scale", "gain", "KS t", "KS normal", "verdict"];
  const more = units ? ["unit", "ν 25 %", "ν 50 %", "ν 75 %"] : [];
  const rows = fits.map(({ tensor, shape, fit, units: by }): Cell[] => [
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
      ? [by ? `${by.fitted} of ${by.units} ${by.unit}s` : null, ...(by?.nuQuartiles ?? [null, null, null]).map(round)]
      : []),
  ]);
  return table([...header, ...more], rows);
}

const round = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(3)));
