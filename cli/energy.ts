import { fetchModel } from "../evaluate/model/index.ts";
import { workloadOf } from "../evaluate/workload.ts";
import { parseFormat, UserError } from "../formats/index.ts";
import {
  type AssumptionId,
  assumptions,
  chipOverhead,
  costOfPair,
  diskCache,
  energyPerToken,
  MEMORIES,
  openLibrary,
  wasmYosys,
} from "../hwmodel/index.ts";
import { codebookOption } from "./codebooks.ts";
import { fetchProgress } from "./fetchProgress.ts";
import { type Command, type Input, UsageError } from "./options.ts";
import { json, table } from "./table.ts";

export const energy: Command = {
  name: "energy",
  summary:
    "energy to decode one token of a model in each format: memory, buffer, multiply-accumulates, and what limits it",
  arguments: [
    { name: "MODEL", required: true, help: "folder, Hub id (org/name), or reference; only its config.json is read" },
  ],
  options: {
    format: { value: "F", many: true, help: "weight formats (default int4, e2m1, sf4 and int8 at g128)" },
    activation: { value: "F", help: "format of the activations (default int8)" },
    library: { value: "L", help: "cells that the multiply-accumulate's energy is of (default asap7)" },
    memory: { value: "M", help: `main memory: ${MEMORIES.map(({ id }) => id).join(", ")} (default hbm3)` },
    batch: { value: "N", help: "tokens computed for each pass over the weights (default 1)" },
    context: { value: "N", help: "cached tokens that attention reads (default 1024)" },
    assume: {
      value: "ID=VALUE",
      many: true,
      help: "a value in place of an assumption's; the ids are in the table this prints",
    },
    codebook: codebookOption,
    json: { help: "print JSON" },
  },
  examples: [
    "energy reference",
    "energy reference --format mxfp4 --format int8 --memory ddr4 --batch 16 --assume kvBits=8",
  ],

  async run(input, { stdout, stderr }) {
    const model = input.positionals[0]!;
    const memory = input.text("memory");
    const taken = assumptions({ overrides: overridesOf(input), ...(memory === undefined ? {} : { memory }) });
    const batch = input.whole("batch", 1, 2 ** 20) ?? 1;
    const context = input.whole("context", 0, 2 ** 24) ?? 1024;
    const activation = input.text("activation") ?? "int8";
    await fetchModel(model, { onProgress: fetchProgress(stderr) });
    const workload = workloadOf(model);
    const library = await openLibrary(input.text("library") ?? "asap7");
    const yosys = wasmYosys();
    const costOf = (id: string) => costOfPair(id, activation, { synthesis: { yosys, cache: diskCache(), library } });
    const given = input.list("format");
    const ids = given.length > 0 ? given : ["int4@g128", "e2m1@g128", "sf4@g128", "int8@g128"];
    const int4 = await costOf("int4");
    const shares = { mac: taken.macShare.value, memory: taken.memoryShare.value };
    const rows = [];
    for (const id of ids) {
      stderr.write(`${id}\n`);
      const cost = await costOf(id);
      const macFj = cost.energyFj;
      if (macFj === null) throw new UserError(`energy: ${library.id} has no energy of ${id} x ${activation}`);
      const token = energyPerToken(workload, parseFormat(id), { assumptions: taken, macFj, batch, context });
      const overhead = chipOverhead(cost.areaGe, int4.areaGe, token.effectiveBits, shares);
      rows.push({ format: id, activation, macFj, macSource: cost.source, chipOverhead: overhead, ...token });
    }
    await yosys.close();
    stdout.write(input.has("json") ? json({ tokens: rows, assumptions: taken, batch, context }) : tokenTable(rows));
    if (input.has("json")) return undefined;
    const listed = Object.entries(taken).map(([id, { value, unit, source, verified }]) => [
      id,
      value,
      unit,
      verified ? "yes" : "no",
      source,
    ]);
    stdout.write(`\nassumptions (--assume ID=VALUE replaces one); batch ${batch}, ${context} cached tokens\n\n`);
    stdout.write(table(["assumption", "value", "unit", "verified", "source"], listed));
    return undefined;
  },
};

type TokenRow = ReturnType<typeof energyPerToken> & {
  format: string;
  macFj: number;
  chipOverhead: number;
  macSource: string;
};

function tokenTable(rows: readonly TokenRow[]): string {
  const micro = (pj: number) => pj / 1e6;
  const lines = rows.map((r) => [
    r.format,
    r.effectiveBits,
    micro(r.totalPj),
    micro(r.dramWeightsPj),
    micro(r.dramKvPj),
    micro(r.sramPj),
    micro(r.macPj),
    micro(r.attentionPj),
    r.macFj,
    r.bound,
    Math.max(r.memorySeconds, r.computeSeconds) * 1e6,
    Math.round(r.balanceBatch),
    100 * r.chipOverhead,
  ]);
  const header = [
    "format",
    "bits/weight",
    "µJ/token",
    "DRAM weights",
    "DRAM KV",
    "buffer",
    "MACs",
    "attention",
    "fJ/MAC",
    "bound",
    "µs/token",
    "balance batch",
    "chip over INT4 %",
  ];
  const sources = [...new Set(rows.map(({ macSource }) => macSource))].map((source) => `  ${source}\n`);
  return `${table(header, lines)}\nenergy of a multiply-accumulate:\n${sources.join("")}`;
}

function overridesOf(input: Input): Partial<Record<AssumptionId, number>> {
  const pairs = input.list("assume").map((text): [string, number] => {
    const [, id, value] = /^(\w+)=(.+)$/.exec(text) ?? [];
    if (id === undefined || !Number.isFinite(Number(value)))
      throw new UsageError(`energy: --assume ${text}: expected ID=VALUE, such as kvBits=8`);
    return [id, Number(value)];
  });
  return Object.fromEntries(pairs);
}
