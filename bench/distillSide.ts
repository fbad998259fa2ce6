/** @file Our side of bench/distill.ts in a process of its own, so that its peak memory is its own: a stepper as the peers are. */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { loadModel } from "../evaluate/model/loadedModel.ts";
import { recipeById } from "../evaluate/training/index.ts";
import { parseFormat } from "../formats/index.ts";
import { recipeSteps } from "./recipeSteps.ts";

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
const { step, spent } = recipeSteps(loadModel(positionals[0]!), recipeById("tsld"), parseFormat("twn"), {
  batch,
  time,
  threads,
});
const firstLoss = await step();
for (let i = 0; i < 2; i++) await step();
const say = (row: object) => process.stdout.write(`${JSON.stringify(row)}\n`);
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() !== "step") break;
  const before = { ...spent };
  const start = performance.now();
  for (let i = 0; i < steps; i++) await step();
  const msPerStep = (performance.now() - start) / steps;
  const quantizeShare = (spent.quantize - before.quantize) / (spent.total - before.total);
  say({ msPerStep, firstLoss, quantizeShare, peakBytes: process.resourceUsage().maxRSS * 1024 });
}
process.exit(0);
