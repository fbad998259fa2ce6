import { fetchModel } from "../evaluate/model/index.ts";
import { openModelTensors } from "../evaluate/profile.ts";
import { createProgress, type Progress } from "../evaluate/sweep/progress.ts";
import { tensorDistributions } from "../evaluate/tensorDistributions.ts";
import { defaultSweepElements } from "../formats/index.ts";
import "../fitting/everyId.ts";
import {
  type CostQuestion,
  costOfPair,
  type Distribution,
  diskCache,
  FLOATS,
  LIBRARIES,
  type MacCost,
  NODES,
  nativeYosys,
  openLibrary,
  publishedCost,
  T5,
  technologyNode,
  verilogOfPair,
  wasmYosys,
} from "../hwmodel/index.ts";
import { codebookOption } from "./codebooks.ts";
import { fetchProgress } from "./fetchProgress.ts";
import { type Command, type Input, type Io, UsageError } from "./options.ts";
import { json, table } from "./table.ts";

/** Options that only a synthesis can answer. */
const OF_SYNTHESIS = ["objective", "adder", "delay", "tensors", "nu", "dataflow"] as const;

export const area: Command = {
  name: "area",
  summary: "area of one multiply-accumulate in each format, with where each figure comes from",
  arguments: [{ name: "FORMAT", many: true, help: "element or format ids; without any, those of the default sweep" }],
  options: {
    activation: {
      value: "F",
      help: `format of the other operand, ${FLOATS.map(({ id }) => id).join(" or ")}; without it, the format itself`,
    },
    unit: {
      value: "U",
      help: "mac (default); dotN: a dot product of N; block or blockN: N numbers of a group with their scales (MX, NVFP4, …); figures are per product",
    },
    accumulator: {
      value: "A",
      help: "exact (an integer without loss) or float32; blocks and fp16 always have float32",
    },
    lookup: { value: "T", help: "what float32 units look NF4 and its like up as: int8 (default) or fp16" },
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
    tensors: { value: "MODEL", help: "energy with weights as fitted to this model's linear layers; a t(5) without it" },
    nu: { value: "N", help: "energy with weights from a t of N degrees of freedom (default 5)" },
    dataflow: {
      value: "D",
      help: "energy with both operands new in every cycle (streaming, default) or the weights kept (stationary)",
    },
    "input-registers": { help: "flip-flops for both operands, of a MAC" },
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
    "area int4 e2m1 nf4 --activation fp16 --synthesize",
    "area mxfp4 nvfp4 --unit block --synthesize",
    "area e2m1+sr --published --json",
    "area int4 e2m1 --synthesize --library sky130",
    "area int4 e2m1 sf4 --synthesize --library asap7 --delay 500",
    "area e2m1 --verilog",
  ],

  async run(input, io) {
    const { stdout, stderr } = io;
    const activation = input.text("activation");
    const ids = input.positionals.length > 0 ? input.positionals : defaultSweepElements;
    const circuit = circuitOf(input);
    if (input.has("verilog")) {
      for (const id of ids) stdout.write(verilogOfPair(id, activation ?? id, circuit));
      return undefined;
    }
    const question = await questionOf(input, circuit, io);
    const costs: MacCost[] = [];
    for (const id of ids) {
      if (question.synthesis) stderr.write(`${id}\n`);
      costs.push(await costOfPair(id, activation ?? id, question));
      // The paper has each format times itself only.
      const published = input.has("published") && activation === undefined ? publishedCost(id) : null;
      if (published) costs.push(published);
    }
    stdout.write(input.has("json") ? json(costs) : costTable(costs));
    return undefined;
  },
};

function costTable(costs: readonly MacCost[]): string {
  const lower = costs.some(({ zeroDelayFj }) => zeroDelayFj !== undefined);
  const header = ["weight", "activation", "GE", "multiplier", "accumulator", "bits", "µm²", "ps", "fJ"];
  const figure = (x: number | null | undefined) => (x === null || x === undefined ? "" : Number(x.toPrecision(4)));
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
    ...(lower ? [figure(cost.zeroDelayFj)] : []),
    cost.node,
    cost.relativeError === null ? cost.provenance : `${cost.provenance} ±${(100 * cost.relativeError).toFixed(1)} %`,
    cost.variant,
  ]);
  const sources = [...new Set(costs.map(({ source }) => source))].map((source) => `  ${source}\n`);
  return `${table([...header, ...(lower ? ["no glitches"] : []), "node", "how", "circuit"], rows)}\nsources:\n${sources.join("")}`;
}

function circuitOf(input: Input) {
  const unit = input.text("unit");
  const accumulator = input.oneOf("accumulator", ["exact", "float32"]);
  const lookup = input.oneOf("lookup", ["int8", "fp16"]);
  const adder = input.oneOf("adder", ["ripple", "prefix"]);
  const terms = input.whole("terms", 1, 2 ** 30);
  return {
    ...(unit === undefined ? {} : { unit }),
    ...(accumulator ? { accumulator } : {}),
    ...(lookup ? { table: lookup } : {}),
    ...(adder ? { adder } : {}),
    ...(terms === undefined ? {} : { terms }),
    ...(input.has("input-registers") ? { inputRegisters: true } : {}),
  };
}

/** Answered by the count model, or by synthesis. */
async function questionOf(input: Input, circuit: ReturnType<typeof circuitOf>, io: Io): Promise<CostQuestion> {
  const chosen = input.text("library");
  if (!input.has("synthesize")) {
    const extra = OF_SYNTHESIS.find((name) => input.text(name) !== undefined);
    if (extra || input.has("native")) throw new UsageError(`area: --${extra ?? "native"} needs --synthesize`);
    return { ...circuit, node: technologyNode(chosen ?? "tsmc28").id };
  }
  const objective = input.oneOf("objective", ["area", "delay", "energy"]);
  const dataflow = input.oneOf("dataflow", ["streaming", "stationary"]);
  const maxDelayPs = input.whole("delay", 1, 10 ** 6);
  const tensors = input.text("tensors");
  const nu = input.text("nu");
  if (nu !== undefined && tensors !== undefined)
    throw new UsageError("area: --nu and --tensors are two answers to one question");
  if (nu !== undefined && !(Number(nu) > 0)) throw new UsageError(`area: --nu takes a number above 0, not "${nu}"`);
  const library = await openLibrary(chosen ?? "generic");
  const yosys = input.has("native") ? await nativeYosys() : wasmYosys();
  const traffic = {
    ...(tensors === undefined ? {} : { weight: await distributionsOf(tensors, io) }),
    ...(nu === undefined ? {} : { weight: { ...T5, nu: Number(nu) } }),
    ...(dataflow === undefined ? {} : { stationary: dataflow === "stationary" }),
  };
  const synthesis = {
    yosys,
    cache: diskCache(),
    library,
    ...(objective ? { objective } : {}),
    ...(maxDelayPs === undefined ? {} : { maxDelayPs }),
    ...(Object.keys(traffic).length > 0 ? { traffic } : {}),
  };
  return { ...circuit, synthesis };
}

async function distributionsOf(model: string, { stderr }: Io): Promise<Distribution[]> {
  const checkpoint = openModelTensors(await fetchModel(model, { onProgress: fetchProgress(stderr) }));
  let progress: Progress | undefined;
  try {
    const found = tensorDistributions(checkpoint, (tensor, index, total) => {
      progress ??= createProgress({ stream: stderr, total });
      if (index > 0) progress.advance(tensor);
    });
    progress?.end();
    return found;
  } finally {
    checkpoint.close();
  }
}
