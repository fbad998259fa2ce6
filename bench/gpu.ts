/**
 * @file `npm run bench:gpu [-- --device D]`: what a device makes of evaluation, training and rounding, each as a share of its
 * own rate at matrix products or of its copy bandwidth, measured in the same run. Without `--device` the first GPU that works.
 */
import { parseArgs } from "node:util";
import { adamwDefaults } from "../evaluate/engine/adamw.ts";
import { chooseDevice, measureDevice, probeDevice } from "../evaluate/engine/devices.ts";
import { createDeviceTrainer } from "../evaluate/engine/deviceTrainer.ts";
import { createResidence } from "../evaluate/engine/residence.ts";
import { createSession, type Device, engineVersion } from "../evaluate/engine/session.ts";
import { isOutOfMemory } from "../evaluate/engine/shrink.ts";
import { createGraph, fakeQuantize, type Graph, input, output, sum, type Value } from "../evaluate/graph/index.ts";
import { lossGraph } from "../evaluate/model/architectures/training.ts";
import { loadModel } from "../evaluate/model/loadedModel.ts";
import { createEvaluator } from "../evaluate/scoring/evaluator.ts";
import { parseFormat } from "../formats/index.ts";
import { show, spread } from "./rounds.ts";

const { values: args } = parseArgs({
  options: {
    device: { type: "string", default: "auto" },
    model: { type: "string", default: "reference" },
    batch: { type: "string", default: "16" },
    context: { type: "string", default: "256" },
    format: { type: "string", default: "sf4@g128" },
    rounds: { type: "string", default: "7" },
    steps: { type: "string", default: "4" },
    /** Rows and columns of the matrix that is rounded. */
    size: { type: "string", default: "4096" },
  },
});
const whole = (text: string) => Math.max(1, Number.parseInt(text, 10));
const [batch, context, rounds, steps, size] = [args.batch, args.context, args.rounds, args.steps, args.size].map(
  whole,
) as [number, number, number, number, number];

const found = await chooseDevice(args.device as Device | "auto", (line) => console.log(line));
const { device } = found;
const probe = await probeDevice(device);
if (!probe.found) throw new Error(probe.reason);
const rates = await measureDevice(device, probe.gflops);
console.log(
  `product of ${rates.matmulSize}: ${rates.matmulGflops.toFixed(1)} GFLOP/s; copy ${rates.copyGbs.toFixed(1)} GB/s on the device, ${rates.transferGbs.toFixed(2)} GB/s to and from the host (read and written)`,
);

console.log(`onnxruntime-node ${engineVersion()}, node ${process.versions.node}, ${process.platform}-${process.arch}`);
const { name, config, shapes, linears, weights } = loadModel(args.model);
const tokens = batch * context;
const ids = Int32Array.from({ length: tokens }, (_, i) => (i * 7919) % config.vocabSize);
const linear = linears.reduce((n, { rows, cols }) => n + rows * cols, config.vocabSize * config.hiddenSize);
/** As in bench/engine.ts: linear layers and unmasked attention. */
const flops = 2 * (linear + 2 * context * config.numHeads * config.headDim * config.numLayers);
console.log(`${name}, ${batch} windows of ${context}, ${rounds} rounds, median (least–most)\n`);
console.log("| work | rate | share |\n| --- | --- | --- |");

/** Runs a line of the table; where memory does not suffice it says so, and the others go on. */
async function line(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    console.log(`| ${what} | out of memory; try --batch ${Math.max(1, batch >> 1)} or --size ${size >> 1} | |`);
  }
}

/** Rates of `work`, in units a second, after two calls that compile and warm up. */
async function measured(units: number, work: () => Promise<unknown>) {
  for (let i = 0; i < 2; i++) await work();
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await work();
    values.push((units * 1000) / (performance.now() - start));
  }
  return spread(values);
}

function tell(what: string, rate: ReturnType<typeof spread>, unit: string, digits: number, share: number, of: string) {
  console.log(`| ${what} | ${show(rate, digits)} ${unit} | ${(100 * share).toPrecision(2)} % of ${of} |`);
}

const product = "the matmul rate";
await line("evaluation", async () => {
  const notes: string[] = [];
  const warn = (note: string) => notes.push(note);
  const evaluator = await createEvaluator(config, shapes, { context, batch, device, warn });
  const scored = measured(tokens, () => evaluator.score(weights, ids, batch));
  const rate = await scored.finally(() => evaluator.release());
  tell("evaluation", rate, "tokens/s", 0, (rate.median * flops) / 1e9 / rates.matmulGflops, product);
  for (const note of notes) console.log(`| | ${note} | |`);
});

const feeds = (shift: number) => ({
  data: BigInt64Array.from(ids, (_, i) => BigInt(ids[(i + shift) % tokens]!)),
  shape: [tokens],
});
const format = parseFormat(args.format);
const rounded = new Set(linears.map((layer) => layer.name));
const throughFormat = (graph: Graph, tensor: string, value: Value) =>
  rounded.has(tensor) ? fakeQuantize(graph, value, { format }) : value;
for (const [what, through] of [
  [`training step × ${steps}`, undefined],
  [`training step × ${steps} through ${format.id}`, throughFormat],
] as const)
  await line(what, async () => {
    const { graph, loss, parameters } = lossGraph(config, shapes, { batch, time: context, device }, through);
    const own = new Map([...weights].map(([tensor, data]) => [tensor, data.slice()]));
    const trainer = await createDeviceTrainer(graph, loss, {}, [...parameters.values()], own, new Map(), {
      device,
      optimizer: adamwDefaults,
      clipNorm: 1,
      decays: () => true,
    });
    const list = Array.from({ length: steps }, () => ({ feeds: { tokens: feeds(0), labels: feeds(1) }, rate: 1e-4 }));
    const rate = await measured(tokens * steps, () => trainer.run(list)).finally(() => trainer.release());
    tell(what, rate, "tokens/s", 0, (3 * rate.median * flops) / 1e9 / rates.matmulGflops, product);
  });

// The matrix is on the device before and after; only a sum comes back, which waits for the work.
const rounding = `round ${size}×${size} to ${format.id}`;
await line(rounding, async () => {
  const graph = createGraph(device);
  const y = fakeQuantize(graph, input(graph, "x", "float32", [size, size]), { format });
  output(graph, "sum", sum(graph, y, [0, 1]));
  const session = await createSession(graph, { device });
  const residence = createResidence({ device });
  const x = Float32Array.from({ length: size * size }, (_, i) => Math.sin(i * 1.7) * 0.02);
  const placed = await residence.place(new Map([["x", x]]), new Map([["x", [size, size]]]));
  const rate = await measured((size * size) / 1e6, () => session.run(placed.feeds));
  tell(rounding, rate, "M numbers/s", 1, (rate.median * 1e6 * 8) / 1e9 / rates.copyGbs, "the copy bandwidth");
  placed.free();
  await session.release();
  await residence.release();
});
process.stdout.write("", () => process.exit(0));
