import { defaultSweepElements } from "../formats/index.ts";
import { macCostById, NODES, publishedCost, technologyNode } from "../hwmodel/index.ts";
import { codebookOption } from "./codebooks.ts";
import type { Command } from "./options.ts";
import { json, table } from "./table.ts";

export const area: Command = {
  name: "area",
  summary: "area of one multiply-accumulate in each format, with where each figure comes from",
  arguments: [{ name: "FORMAT", many: true, help: "element or format ids; without any, those of the default sweep" }],
  options: {
    activation: { value: "F", help: "format of the other operand; without it, the format itself" },
    library: { value: "L", help: `whose NAND2 gives µm²: ${NODES.map(({ id }) => id).join(", ")} (default tsmc28)` },
    terms: { value: "N", help: "products summed without loss (default 256)" },
    published: { help: "add the paper's Table 10 where it has the format" },
    codebook: codebookOption,
    json: { help: "print JSON" },
  },
  examples: ["area", "area sf4 int4 e2m1 --activation int8", "area e2m1+sr --published --json"],

  async run(input, { stdout }) {
    const activation = input.text("activation");
    const node = technologyNode(input.text("library") ?? "tsmc28").id;
    const terms = input.whole("terms", 1, 2 ** 30) ?? 256;
    const ids = input.positionals.length > 0 ? input.positionals : defaultSweepElements;
    const costs = ids.flatMap((id) => {
      const modelled = macCostById(id, activation ?? id, { terms, node });
      // The paper has each format times itself only.
      const published = input.has("published") && activation === undefined ? publishedCost(id) : null;
      return published === null ? [modelled] : [modelled, published];
    });
    if (input.has("json")) {
      stdout.write(json(costs));
      return undefined;
    }
    const header = ["weight", "activation", "GE", "multiplier", "accumulator", "bits", "µm²", "node", "how", "circuit"];
    const rows = costs.map((cost) => [
      cost.weight,
      cost.activation,
      Math.round(cost.areaGe),
      Math.round(cost.multiplierGe),
      Math.round(cost.accumulatorGe),
      cost.accumulatorBits,
      Number(cost.areaUm2.toPrecision(4)),
      cost.node,
      cost.relativeError === null ? cost.provenance : `${cost.provenance} ±${(100 * cost.relativeError).toFixed(1)} %`,
      cost.variant,
    ]);
    stdout.write(table(header, rows));
    stdout.write(
      `\nsources:\n${[...new Set(costs.map(({ source }) => source))].map((source) => `  ${source}\n`).join("")}`,
    );
    return undefined;
  },
};
