/**
 * @file Quantize–dequantize with a 16-entry codebook, group 128: our SIMD program, our plain kernel, and workers over shared
 * memory, beside the reference `quantize_4bit` in torch (one thread) and the best that torch offers today, on the same
 * matrix in one run. Says whether the results are the same bits, how many workers pay, and how far the memory copy is.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { roundingPool } from "../evaluate/methods/roundingPool.ts";
import { normals } from "../evaluate/random.ts";
import { fakeQuantize, parseFormat, quantizerOf } from "../formats/index.ts";
import { kernelOf, roundRun } from "../formats/kernel.ts";
import { interleave, type Side, show } from "./rounds.ts";
import { peerPython, type Stepper, stepper } from "./torchPeer.ts";

const { values: args } = parseArgs({
  options: {
    rows: { type: "string", default: "4096" },
    cols: { type: "string", default: "4096" },
    format: { type: "string", default: "nf4@g128:fp32" },
    rounds: { type: "string", default: "7" },
    workers: { type: "string", default: "2" },
  },
});
const [rows, cols, rounds, workers] = [args.rows, args.cols, args.rounds, args.workers].map(Number) as [
  number,
  number,
  number,
  number,
];
const count = rows * cols;
const format = parseFormat(args.format);
const group = Number(format.group);
if (!(cols % group === 0)) throw new Error("bench: groups must divide the rows");
const { round, fitScale, levels } = quantizerOf(format);

const shared = () => new Float32Array(new SharedArrayBuffer(4 * count));
const weights = shared();
const normal = normals(1);
for (let i = 0; i < count; i++) weights[i] = 0.02 * normal();
const [simd, plain, parallel] = [shared(), shared(), shared()];

/** Passes repeat for this long: one of ours over a matrix is shorter than a time slice of the system. */
const MILLISECONDS = 250;

/** Millions of numbers per second. */
async function rate(work: () => unknown): Promise<number> {
  const start = performance.now();
  let passes = 0;
  while (performance.now() - start < MILLISECONDS) {
    await work();
    passes++;
  }
  return (passes * count) / 1000 / (performance.now() - start);
}

/** The kernel without WebAssembly, group by group as fakeQuantize's general way does it. */
function plainKernel(): void {
  const kernel = kernelOf(format);
  for (let from = 0; from < count; from += group) {
    let [min, max] = [0, 0];
    for (let i = from; i < from + group; i++) {
      const value = weights[i]!;
      if (value > max) max = value;
      if (value < min) min = value;
    }
    roundRun(kernel, weights, plain, from, from + group, fitScale([min, max]));
  }
}

const pools = [roundingPool(1), roundingPool(workers)];
const sides: Side[] = [
  { name: "fakeQuantize", measure: () => rate(() => fakeQuantize(weights, rows, cols, format, simd)) },
  { name: "its kernel without SIMD", measure: () => rate(plainKernel) },
  ...pools.map((pool, i) => ({
    name: `${i === 0 ? 1 : workers} worker${i === 0 ? "" : "s"}`,
    measure: () => rate(() => pool.fakeQuantize(weights, rows, cols, format, parallel)),
  })),
  { name: "memory copy (floor)", measure: () => rate(() => parallel.set(weights)) },
];

const folder = mkdtempSync(join(tmpdir(), "bitfrontier-bench-"));
const peers: Stepper[] = [];
const python = peerPython();
try {
  const path = join(folder, "weights.f32");
  writeFileSync(path, new Uint8Array(weights.buffer));
  const variants = [
    ["reference", "torch quantize_4bit of llm-datatypes"],
    ["bucketize", "torch bucketize + gather"],
  ] as const;
  if (python === null) console.log("no Python with torch: peer left out");
  else {
    for (const [variant, name] of variants) {
      const words = ["--cols", `${cols}`, "--group", `${group}`, "--levels", JSON.stringify([...levels])];
      const out = join(folder, `${variant}.f32`);
      const peer = await stepper(name, python, "quantize_peer.py", [
        path,
        ...words,
        "--variant",
        variant,
        "--out",
        out,
      ]);
      peers.push(peer);
      sides.push({ name, measure: async () => count / 1e6 / ((await peer.step()).seconds as number) });
    }
  }

  for (const side of sides) await side.measure(); // compiled, cached
  const results = await interleave(sides, rounds);
  console.log(`${format.id}, ${rows} × ${cols}, ${rounds} rounds: millions of numbers per second, and ours over it`);
  for (const { name, value, ratio } of results) console.log(`  ${name.padEnd(38)} ${show(value)}  ${show(ratio, 2)}`);

  const bits = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);
  const differing = (other: Float32Array) => {
    const [a, b] = [bits(simd), bits(other)];
    return b.reduce((sum, value, i) => sum + (value === a[i] ? 0 : 1), 0);
  };
  await pools[1]!.fakeQuantize(weights, rows, cols, format, parallel);
  const exact = weights.subarray(0, 1 << 18).map((value, i, part) => {
    const from = i - (i % group);
    return round(value, fitScale(part.subarray(from, from + group)));
  });
  console.log(`bits that differ from the definition (first ${exact.length}): ${differing(exact)}`);
  console.log(`… from the kernel without SIMD: ${differing(plain)}; from ${workers} workers: ${differing(parallel)}`);
  if (python !== null) {
    for (const [variant, name] of variants) {
      const bytes = readFileSync(join(folder, `${variant}.f32`));
      const theirs = new Float32Array(bytes.buffer, bytes.byteOffset, count);
      const different = simd.reduce((sum, value, i) => sum + (value === theirs[i] ? 0 : 1), 0);
      console.log(`… from ${name}: ${different} of ${count}`);
    }
  }
} finally {
  for (const peer of peers) peer.stop();
  await Promise.all(pools.map((pool) => pool.close()));
  rmSync(folder, { recursive: true, force: true });
}
