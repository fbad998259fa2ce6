/**
 * @file Evaluation and training speed of the CPU provider beside torch on the same model, the same tokens and the same
 * step, in one run; the share of the measured matmul rate; and where the rest of the time goes.
 */
import { parseArgs } from "node:util";
import { adamwDefaults } from "../evaluate/engine/adamw.ts";
import { createSession } from "../evaluate/engine/session.ts";
import { createGraph, encode, input, matmul, output } from "../evaluate/graph/index.ts";
import { createModelTrainer } from "../evaluate/model/architectures/training.ts";
import {
  linearLayers,
  loadWeights,
  openCheckpoint,
  readModelConfig,
  resolveModel,
  tensorShapes,
} from "../evaluate/model/index.ts";
import { createEvaluator } from "../evaluate/scoring/evaluator.ts";
import { nodeTimes } from "./nodeTimes.ts";
import { interleave, type Side, type Spread, show, spread } from "./rounds.ts";
import { type PeerSide, peerPython, torchSide } from "./torchPeer.ts";

type Mode = "eval" | "train";

const { values: args } = parseArgs({
  options: {
    model: { type: "string", default: "reference" },
    batch: { type: "string", default: "8" },
    context: { type: "string", default: "256" },
    rounds: { type: "string", default: "7" },
    steps: { type: "string", default: "4" },
    threads: { type: "string", default: "2" },
    only: { type: "string" },
  },
});
const [batch, context, rounds, steps, threads] = [args.batch, args.context, args.rounds, args.steps, args.threads].map(
  Number,
) as [number, number, number, number, number];

const resolved = resolveModel(args.model);
if (resolved.kind !== "directory") throw new Error(`${args.model}: the bench needs a model folder`);
const directory = resolved.dir;
const config = readModelConfig(directory);
const shapes = tensorShapes(config);
const checkpoint = openCheckpoint(directory);
const weights = loadWeights(checkpoint, config);
checkpoint.close();

const tokens = batch * context;
const ids = Int32Array.from({ length: tokens }, (_, i) => (i * 7919) % config.vocabSize);
const linear = linearLayers(config).reduce(
  (n, { rows, cols }) => n + rows * cols,
  config.vocabSize * config.hiddenSize,
);
/** Multiply–adds of the linear layers, and of full (unmasked) attention, which is what both sides compute. */
const flopsForward = 2 * tokens * (linear + 2 * context * config.numHeads * config.headDim * config.numLayers);

async function timed(step: () => Promise<unknown>): Promise<number> {
  const values: number[] = [];
  for (let repeat = 0; repeat < 3; repeat++) {
    const start = performance.now();
    for (let i = 0; i < steps; i++) await step();
    values.push((tokens * steps * 1000) / (performance.now() - start));
  }
  return spread(values).median;
}

async function matmulRate(n: number): Promise<Side> {
  const graph = createGraph();
  const [a, b] = [input(graph, "a", "float32", [n, n]), input(graph, "b", "float32", [n, n])];
  output(graph, "c", matmul(graph, a, b));
  const session = await createSession(encode(graph), { threads });
  const host = () => ({ data: new Float32Array(n * n).fill(0.5), shape: [n, n] });
  const [feeds, into] = [{ a: host(), b: host() }, { c: host() }];
  return {
    name: `matmul ${n}, GFLOP/s`,
    async measure() {
      const start = performance.now();
      for (let i = 0; i < 8; i++) await session.run(feeds, into);
      return (8 * 2 * n ** 3) / 1e6 / (performance.now() - start);
    },
  };
}

interface Work {
  step(): Promise<unknown>;
  release(): Promise<void>;
}

async function work(mode: Mode, profile?: string): Promise<Work> {
  const engine = { threads, ...(profile ? { profile } : {}) };
  if (mode === "eval") {
    const evaluator = await createEvaluator(config, shapes, { context, batch, ...engine });
    return { step: () => evaluator.score(weights, ids, batch), release: () => evaluator.release() };
  }
  const copy = new Map([...weights].map(([name, data]) => [name, data.slice()]));
  const trainer = await createModelTrainer(config, shapes, copy, {
    batch,
    time: context,
    ...engine,
    optimizer: adamwDefaults,
    clipNorm: Number.POSITIVE_INFINITY,
    decays: () => true,
  });
  const feed = (shift: number) => ({
    data: BigInt64Array.from(ids, (_, i) => BigInt(ids[(i + shift) % tokens]!)),
    shape: [tokens],
  });
  const feeds = { tokens: feed(0), labels: feed(1) };
  return { step: () => trainer.step(feeds, 1e-4), release: () => trainer.release() };
}

async function ours(mode: Mode): Promise<Side & Work> {
  const { step, release } = await work(mode);
  for (let i = 0; i < 3; i++) await step();
  return { name: "bitfrontier fp32", measure: () => timed(step), step, release };
}

async function peers(mode: Mode): Promise<PeerSide[]> {
  const python = peerPython();
  if (!python) {
    console.log("no Python with torch found (see bench/peer/README.md): the peer's columns are left out");
    return [];
  }
  const common = [mode, directory, "--batch", `${batch}`, "--context", `${context}`];
  const sized = [...common, "--steps", `${steps}`, "--repeats", "3", "--threads", `${threads}`];
  const sides: PeerSide[] = [];
  // The faster attention kernel of each row, as measured (bench/peer/README.md).
  const bf16 = ["--dtype", "bf16", ...(mode === "train" ? ["--attention", "math"] : [])];
  for (const [name, flags] of [
    ["torch eager fp32", []],
    ["torch compiled fp32", ["--compile", "default"]],
    ["torch eager bf16", bf16],
    ["torch compiled bf16", ["--compile", "default", ...bf16]],
  ] as const) {
    try {
      sides.push(await torchSide(name, python, [...sized, ...flags]));
    } catch (error) {
      console.log(`${name}: did not run: ${(error as Error).message.split("\n").at(-1)}`);
    }
  }
  return sides;
}

const parameters = [...weights.values()].reduce((n, w) => n + w.length, 0);
console.log(
  `engine: ${resolved.name}, ${(parameters / 1e6).toFixed(2)} M parameters, ${batch} windows of ${context}, ${threads} threads, ${rounds} rounds in turn`,
);
for (const mode of ["eval", "train"] as const) {
  if (args.only && args.only !== mode) continue;
  const floor = await matmulRate(1024);
  const torch = await peers(mode);
  const mine = await ours(mode);
  const rows = await interleave([mine, ...torch, floor], rounds);
  const rate = rows.at(-1)!.value;
  const flops = mode === "eval" ? flopsForward : 3 * flopsForward;
  const share = (value: Spread) => `${((100 * value.median * flops) / tokens / 1e9 / rate.median).toFixed(0)} %`;
  console.log(`\n${mode === "eval" ? "evaluation (forward and loss)" : "training step (forward, backward, AdamW)"}`);
  console.log(
    `matmul of 1024 (onnxruntime): ${show(rate)} GFLOP/s; the work is ${(flops / tokens / 1e6).toFixed(2)} MFLOP a token`,
  );
  for (const { name, value, ratio } of rows.slice(0, -1)) {
    const figures = `${show(value).padEnd(24)} tokens/s   ours/this ${show(ratio, 2).padEnd(18)}`;
    console.log(`  ${name.padEnd(22)} ${figures} of matmul rate ${share(value)}`);
  }
  for (const side of torch) side.stop();
  await mine.release();
  const times = await nodeTimes(async (profile) => {
    const { step, release } = await work(mode, profile);
    for (let i = 0; i < 6; i++) await step();
    await release();
  });
  const main = times.filter((t) => t.share >= 0.02).map((t) => `${t.op} ${(100 * t.share).toFixed(0)} %`);
  console.log(`  where our session's time goes: ${main.join(", ")}`);
}
process.exit(0);
