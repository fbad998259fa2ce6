/**
 * @file Rounding activations inside the graph: numbers per second of the op in several formats beside the host kernel and
 * torch's ways of the same work on one thread, and tokens per second of evaluation with rounded activations and cache beside
 * the same model at full precision.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSession } from "../evaluate/engine/session.ts";
import { createGraph, encode, fakeQuantize, input, output } from "../evaluate/graph/index.ts";
import { inputShapes, type RunningFormats } from "../evaluate/model/architectures/runningFormats.ts";
import { loadModel } from "../evaluate/model/loadedModel.ts";
import { normals } from "../evaluate/random.ts";
import { createEvaluator } from "../evaluate/scoring/evaluator.ts";
import { fakeQuantize as onHost, parseFormat, quantizerOf } from "../formats/index.ts";
import { interleave, type Side, show } from "./rounds.ts";
import { peerPython, type Stepper, stepper } from "./torchPeer.ts";

const { values: args } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, threads: { type: "string", default: "2" } },
});
const [rounds, threads] = [Number(args.rounds), Number(args.threads)];
/** 2048 tokens of 1024 channels. */
const [ROWS, COLUMNS] = [2048, 1024];
const count = ROWS * COLUMNS;
const normal = normals(2);
const x = Float32Array.from({ length: count }, () => normal() ** 3);

/** Millions of numbers per second of passes over the matrix, for a quarter of a second. */
async function rate(pass: () => unknown): Promise<number> {
  const start = performance.now();
  let passes = 0;
  for (; performance.now() - start < 250; passes++) await pass();
  return (passes * count) / 1000 / (performance.now() - start);
}

async function op(id: string): Promise<Side> {
  const graph = createGraph();
  const value = input(graph, "x", "float32", [ROWS, COLUMNS]);
  output(graph, "y", fakeQuantize(graph, value, { format: parseFormat(id), apart: true }));
  const session = await createSession(encode(graph), { threads: 1 });
  const into = { y: { data: new Float32Array(count), shape: [ROWS, COLUMNS] } };
  return {
    name: `in the graph, ${id}`,
    measure: () => rate(() => session.run({ x: { data: x, shape: [ROWS, COLUMNS] } }, into)),
  };
}

const torchFormat = parseFormat("nf4@g128:fp32");
const host = new Float32Array(count);
const sides: Side[] = [
  await op(torchFormat.id),
  { name: `host kernel, ${torchFormat.id}`, measure: () => rate(() => onHost(x, ROWS, COLUMNS, torchFormat, host)) },
];
const folder = mkdtempSync(join(tmpdir(), "bitfrontier-bench-"));
const peers: Stepper[] = [];
const python = peerPython();
try {
  if (python === null) console.log("no Python with torch: peer left out");
  else {
    const path = join(folder, "x.f32");
    writeFileSync(path, new Uint8Array(x.buffer));
    for (const [variant, name] of [
      ["reference", "torch quantize_4bit of llm-datatypes"],
      ["bucketize", "torch bucketize + gather"],
    ] as const) {
      const levels = JSON.stringify([...quantizerOf(torchFormat).levels]);
      const words = [path, "--cols", `${COLUMNS}`, "--group", "128", "--levels", levels, "--variant", variant];
      const peer = await stepper(name, python, "quantize_peer.py", [...words, "--out", join(folder, `${variant}.f32`)]);
      peers.push(peer);
      sides.push({ name, measure: async () => count / 1e6 / ((await peer.step()).seconds as number) });
    }
  }
  for (const id of ["int4@row", "int8@row", "e2m1@g128", "e2m1+sp@g128", "e4m3@row", "mxfp4", "nvfp4"])
    sides.push(await op(id));
  for (const side of sides) await side.measure();
  console.log(
    `${ROWS} × ${COLUMNS}, one thread, ${rounds} rounds in turn: millions of numbers per second, and the first over it`,
  );
  for (const { name, value, ratio } of await interleave(sides, rounds))
    console.log(`  ${name.padEnd(38)} ${show(value)}  ${show(ratio, 2)}`);
} finally {
  for (const peer of peers) peer.stop();
  rmSync(folder, { recursive: true, force: true });
}

const model = loadModel("reference");
const [context, batch] = [256, 8];
const tokens = (context - 1) * batch;
const windows = Int32Array.from({ length: context * batch }, (_, i) => (i * 7919) % model.config.vocabSize);

async function evaluation(name: string, activation: string | null, cache: string | null): Promise<Side> {
  const formatOf = (id: string | null) => (id === null ? null : parseFormat(id));
  const formats = { activation: formatOf(activation), cache: formatOf(cache) };
  const running: RunningFormats = { ...formats, range: null, rotates: false };
  const inputs = inputShapes(model.linears, running);
  const ones = [...inputs].map(([key, [size]]): [string, Float32Array] => [key, new Float32Array(size!).fill(1)]);
  const weights = new Map([...model.weights, ...ones]);
  const shapes = new Map([...model.shapes, ...inputs]);
  const evaluator = await createEvaluator(model.config, shapes, { context, batch, threads, running });
  const measure = async () => {
    const start = performance.now();
    for (let i = 0; i < 5; i++) await evaluator.score(weights, windows, batch);
    return (5 * tokens * 1000) / (performance.now() - start);
  };
  await measure();
  return { name, measure };
}

console.log(`evaluation of ${model.name}, ${threads} threads: tokens per second, and full precision's over it`);
const evaluations = [
  await evaluation("full precision", null, null),
  await evaluation("activations int8@row", "int8@row", null),
  await evaluation("activations int4@row", "int4@row", null),
  await evaluation("activations e2m1@g128", "e2m1@g128", null),
  await evaluation("activations sf4@g128", "sf4@g128", null),
  await evaluation("activations nvfp4", "nvfp4", null),
  await evaluation("KV cache int4@row", null, "int4@row"),
];
for (const { name, value, ratio } of await interleave(evaluations, rounds))
  console.log(`  ${name.padEnd(38)} ${show(value)}  ${show(ratio, 2)}`);
process.exit(0);
