import { defaultSweepElements } from "../formats/index.ts";
import "../fitting/everyId.ts";
import {
  diskCache,
  LIBRARIES,
  type MacCost,
  macCostById,
  macVerilogById,
  NODES,
  nativeYosys,
  openLibrary,
  publishedCost,
  synthesizedCostById,
  technologyNode,
  wasmYosys,
} from "../hwmodel/index.ts";
import { codebookOption } from "./codebooks.ts";
import { type Command, type Input, UsageError } from "./options.ts";
import { json, table } from "./table.ts";

export const area: Command = {
  name: "area",
  summary: "area of one multiply-accumulate in each format, with where each figure comes from",
  arguments: [{ name: "FORMAT", many: true, help: "element or format ids; without any, those of the default sweep" }],
  options: {
    activation: { value: "F", help: "format of the other operand; without it, the format itself" },
    library: {
      value: "L",
      help: `whose NAND2 gives µm²: ${NODES.map(({ id }) => id).join(", ")} (default tsmc28); with --synthesize, the cells: ${LIBRARIES.map(({ id }) => id).join(", ")} (default generic) or FILE.lib`,
    },
    terms: { value: "N", help: "products summed without loss (default 256)" },
    synthesize: { help: "synthesize with Yosys and prove the netlist; known pairs come from a table" },
    objective: { value: "O", help: "what the best circuit is best at: area (default), delay, energy" },
    delay: {
      value: "PS",
      help: "smallest circuit that meets a clock period, pipelined and with faster adders if need be",
    },
    native: { help: "synthesize with the Yosys on PATH in place of the package's" },
    adder: { value: "A", help: "adders: ripple (smallest), prefix (fastest); ripple by default, either with --delay" },
    verilog: { help: "print the Verilog of the circuit and nothing else" },
    published: { help: "add the paper's Table 10 where it has the format" },
    codebook: codebookOption,
    json: { help: "print JSON" },
  },
  examples: [
    "area",
    "area sf4 int4 e2m1 --activation int8",
    "area e2m1+sr --published --json",
    "area int4 e2m1 --synthesize --library sky130",
    "area int4 e2m1 sf4 --synthesize --library asap7 --delay 500",
    "area e2m1 --verilog",
  ],

  async run(input, { stdout, stderr }) {
    const activation = input.text("activation");
    const terms = input.whole("terms", 1, 2 ** 30) ?? 256;
    const ids = input.positionals.length > 0 ? input.positionals : defaultSweepElements;
    const adder = input.oneOf("adder", ["ripple", "prefix"]);
    if (input.has("verilog")) {
      for (const id of ids)
        stdout.write(macVerilogById(id, activation ?? id, { terms, ...(adder ? { adder } : {}) }).verilog);
      return undefined;
    }
    const costs: MacCost[] = [];
    const costOf = await costing(input, terms, adder);
    for (const id of ids) {
      if (input.has("synthesize")) stderr.write(`${id}\n`);
      costs.push(await costOf(id, activation ?? id));
      // The paper has each format times itself only.
      const published = input.has("published") && activation === undefined ? publishedCost(id) : null;
      if (published) costs.push(published);
    }
    if (input.has("json")) {
      stdout.write(json(costs));
      return undefined;
    }
    const header = [
      "weight",
      "activation",
      "GE",
      "multiplier",
      "accumulator",
      "bits",
      "µm²",
      "ps",
      "fJ",
      "node",
      "how",
    ];
    const figure = (x: number | null) => (x === null ? "" : Number(x.toPrecision(4)));
    const rows = costs.map((cost) => [
      cost.weight,
      cost.activation,
      Math.round(cost.areaGe),
      Math.round(cost.multiplierGe),
      Math.round(cost.accumulatorGe),
      cost.accumulatorBits,
      figure(cost.areaUm2),
      figure(cost.delayPs),
      figure(cost.energyFj),
      cost.node,
      cost.relativeError === null ? cost.provenance : `${cost.provenance} ±${(100 * cost.relativeError).toFixed(1)} %`,
      cost.variant,
    ]);
    stdout.write(table([...header, "circuit"], rows));
    stdout.write(
      `\nsources:\n${[...new Set(costs.map(({ source }) => source))].map((source) => `  ${source}\n`).join("")}`,
    );
    return undefined;
  },
};

/** How one pair is costed: by the count model, or by synthesis. */
async function costing(
  input: Input,
  terms: number,
  adder: "ripple" | "prefix" | undefined,
): Promise<(weight: string, activation: string) => Promise<MacCost>> {
  const chosen = input.text("library");
  const objective = input.oneOf("objective", ["area", "delay", "energy"]) ?? "area";
  if (!input.has("synthesize")) {
    const extra = ["objective", "adder", "delay"].find((name) => input.text(name) !== undefined);
    if (extra || input.has("native")) throw new UsageError(`area: --${extra ?? "native"} needs --synthesize`);
    const node = technologyNode(chosen ?? "tsmc28").id;
    return async (weight, activation) => macCostById(weight, activation, { terms, node });
  }
  const library = await openLibrary(chosen ?? "generic");
  const yosys = input.has("native") ? await nativeYosys() : wasmYosys();
  const maxDelayPs = input.whole("delay", 1, 10 ** 6);
  const optional = { ...(adder ? { adder } : {}), ...(maxDelayPs === undefined ? {} : { maxDelayPs }) };
  return (weight, activation) =>
    synthesizedCostById(weight, activation, { yosys, cache: diskCache(), library, objective, terms, ...optional });
}
