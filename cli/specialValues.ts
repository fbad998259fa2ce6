import { createProgress } from "../evaluate/sweep/progress.ts";
import {
  diskCache,
  openLibrary,
  type SpecialValue,
  specialValueSweep,
  synthesizedSpecialValues,
  wasmYosys,
} from "../hwmodel/index.ts";
import { type Command, type Input, type Io, UsageError } from "./options.ts";
import { json, table } from "./table.ts";

export const specialValues: Command = {
  name: "special-values",
  summary: "E2M1 with one more value in place of its second zero, 0.25 to 16: area and error of each, as a picture",
  options: {
    nu: { value: "N", help: "degrees of freedom of the numbers that are rounded (default 5)" },
    group: { value: "N", help: "numbers that share a scale (default 128)" },
    synthesize: { help: "synthesize and prove every multiply-accumulate; the count model without it" },
    library: { value: "L", help: "cells with --synthesize (default generic)" },
    out: { value: "FILE.svg", help: "write the picture there, its vega-lite spec beside it as FILE.vl.json" },
    json: { help: "print JSON" },
  },
  examples: ["special-values --out special.svg", "special-values --synthesize --nu 4"],

  async run(input, io) {
    const points = await sweep(input, io);
    const out = input.text("out");
    if (out !== undefined) {
      const { renderSvg, specialValuesChart, writeWhole } = await import("../reports/index.ts");
      const title = "What one extra value of E2M1 costs and buys";
      const rows = points.map(({ cost: { areaGe, accumulatorBits }, ...point }) => ({
        ...point,
        areaGe,
        accumulatorBits,
      }));
      const spec = specialValuesChart(rows, title);
      await writeWhole(out, await renderSvg(spec, { id: "special-values", title }));
      await writeWhole(`${out.replace(/\.svg$/, "")}.vl.json`, `${JSON.stringify(spec, null, 1)}\n`);
    }
    io.stdout.write(input.has("json") ? json(points) : pointTable(points));
    if (out !== undefined) io.stdout.write(`\npicture: ${out}\n`);
    return undefined;
  },
};

async function sweep(input: Input, { stderr }: Io): Promise<SpecialValue[]> {
  const options = { nu: input.whole("nu", 1, 1000) ?? 5, group: input.whole("group", 1, 2 ** 14) ?? 128 };
  if (!input.has("synthesize")) {
    if (input.text("library") !== undefined) throw new UsageError("special-values: --library needs --synthesize");
    return specialValueSweep(options);
  }
  const library = await openLibrary(input.text("library") ?? "generic");
  const yosys = wasmYosys();
  let progress: ReturnType<typeof createProgress> | undefined;
  try {
    const found = await synthesizedSpecialValues(
      options,
      { yosys, library, cache: diskCache() },
      (element, i, total) => {
        progress ??= createProgress({ stream: stderr, total });
        if (i > 0) progress.advance(element);
      },
    );
    progress?.end();
    return found;
  } finally {
    await yosys.close();
  }
}

function pointTable(points: readonly SpecialValue[]): string {
  const rows = points.map(({ value, mse, mseRatio, mseRatioSigma, cost }) => [
    value === null ? "none" : String(value),
    mse,
    mseRatio,
    mseRatioSigma,
    cost.areaGe,
    cost.accumulatorBits,
    cost.provenance,
    cost.variant,
  ]);
  const header = ["extra value", "relative error", "over E2M1's", "± σ", "area (GE)", "acc. bits", "how", "circuit"];
  return `${table(header, rows)}\nerror: squared, over the squares of numbers from the t; areas: ${points[0]!.cost.source}\n`;
}
