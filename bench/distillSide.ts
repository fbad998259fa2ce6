/** @file Our side of bench/distill.ts in a process of its own, so that its peak memory is its own: a stepper as the peers are. */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { loadModel } from "../evaluate/model/loadedModel.ts";
import { recipeById } from "../evaluate/training/index.ts";
import { createStepper } from "../evaluate/training/steps.ts";
import { createStudent } from "../evaluate/training/student.ts";
import { studentGraph } from "../evaluate/training/studentGraph.ts";
import { parseFormat } from "../formats/index.ts";

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "8" },
    context: { type: "string", default: "256" },
    steps: { type: "string", default: "4" },
    threads: { type: "string", default: "2" },
  },
});
const [batch, time, steps, threads] = [args.batch, args.context, args.steps, args.threads].map(Number) as [
  number,
  number,
  number,
  number,
];
const { config, shapes, linears, weights } = loadModel(positionals[0]!);
const recipe = recipeById("tsld");
const student = createStudent(weights, linears, parseFormat("twn"), recipe, 0);
const stepper = createStepper(student, recipe, {
  shapes,
  threads,
  constant: Object.fromEntries(
    [...shapes].map(([name, shape]) => [`teacher/${name}`, { data: weights.get(name)!, shape }]),
  ),
  batch,
  graph: () => studentGraph(config, shapes, { terms: recipe.terms, batch, time, teacher: "graph" }),
});
const ids = (shift: number) =>
  BigInt64Array.from({ length: batch * time }, (_, i) => {
    const position = Math.floor(i / time) * (time + 1) + (i % time) + shift;
    return BigInt((position * 7919) % config.vocabSize);
  });
const feeds = {
  tokens: { data: ids(0), shape: [batch * time] },
  labels: { data: ids(1), shape: [batch * time] },
};
const step = async () => (await stepper.run([{ feeds, rate: 1e-4, signal: null, seed: 0 }]))[0]!.loss;
const firstLoss = await step();
for (let i = 0; i < 2; i++) await step();
const say = (row: object) => process.stdout.write(`${JSON.stringify(row)}\n`);
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() !== "step") break;
  const before = { ...stepper.spent };
  const start = performance.now();
  for (let i = 0; i < steps; i++) await step();
  const msPerStep = (performance.now() - start) / steps;
  const quantizeShare = (stepper.spent.quantize - before.quantize) / (stepper.spent.total - before.total);
  say({ msPerStep, firstLoss, quantizeShare, peakBytes: process.resourceUsage().maxRSS * 1024 });
}
process.exit(0);
