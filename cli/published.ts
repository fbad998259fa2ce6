import { compareWithPaper, LIBRARIES, type PaperComparison, PUBLISHED_FIGURES } from "../hwmodel/index.ts";
import type { Command } from "./options.ts";
import { json, table } from "./table.ts";

export const published: Command = {
  name: "published",
  summary: "our synthesized MACs beside the paper's Table 10, row by row, and hardware figures others published",
  options: {
    library: {
      value: "L",
      help: `cells ours are of, one of the committed table: ${LIBRARIES.map(({ id }) => id).join(", ")} (default generic)`,
    },
    json: { help: "print JSON" },
  },
  examples: ["published", "published --library sky130"],

  async run(input, { stdout }) {
    const comparison = compareWithPaper(input.text("library") ?? "generic");
    if (input.has("json")) {
      stdout.write(json({ comparison, figures: PUBLISHED_FIGURES }));
      return undefined;
    }
    stdout.write(`${paperTable(comparison)}\n`);
    const figures = PUBLISHED_FIGURES.map(({ design, quantity, value, unit, technology, source, verified }) => [
      design,
      quantity,
      value,
      unit,
      verified ? "yes" : "no",
      technology,
      source,
    ]);
    stdout.write(`figures others published; verified: read in the source itself\n\n`);
    stdout.write(table(["design", "quantity", "value", "unit", "verified", "technology", "source"], figures));
    return undefined;
  },
};

function paperTable({ library, calibration, rows, meanError }: PaperComparison): string {
  const percent = (x: number) => Math.round(1000 * x) / 10;
  const round = (x: number) => Math.round(10 * x) / 10;
  const lines = rows.map((row) => [
    row.format,
    row.accumulatorBits,
    row.losslessBits,
    row.paper.multiplierUm2,
    row.paper.accumulatorUm2,
    row.paper.macUm2,
    round(row.ours.multiplierUm2),
    round(row.ours.accumulatorUm2),
    round(row.ours.macUm2),
    percent(row.error.multiplier),
    percent(row.error.accumulator),
    percent(row.error.mac),
    row.multiplierHeldOut ? "held out" : "fitted",
    row.structure,
  ]);
  const header = [
    ...["format", "paper's bits", "lossless", "paper mult.", "acc.", "MAC µm²", "ours mult.", "acc.", "MAC µm²"],
    ...["mult. %", "acc. %", "MAC %", "multiplier", "structure"],
  ];
  const mean = (x: number) => `${percent(x)} %`;
  return [
    `ours in ${library} cells beside Table 10 of Learning from Students (TSMC 28 nm)`,
    "",
    table(header, lines),
    `calibration: ${calibration.statement}`,
    `mean size of errors: accumulators ${mean(meanError.accumulator)} (each left out in turn ${mean(meanError.accumulatorHeldOut)}), the eight multipliers held out ${mean(meanError.multiplierHeldOut)}, all ten MACs ${mean(meanError.mac)}, the eight held out ${mean(meanError.macHeldOut)}`,
    "",
  ].join("\n");
}
