/**
 * @file GPTQ of one layer beside torch: the same weights, moments, codebook, groups and damping; ours factorizes in
 * float64, torch as the reference code does in float32. Both sides print the output error, which must agree.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Moments } from "../evaluate/calibration/index.ts";
import { gptq } from "../evaluate/methods/gptq.ts";
import { formatGrid } from "../evaluate/methods/grid.ts";
import { outputEnergy } from "../evaluate/methods/layerLog.ts";
import { createProducts } from "../evaluate/methods/products.ts";
import { parseFormat, quantizerOf } from "../formats/index.ts";
import { interleave, type Side, show } from "./rounds.ts";
import { peerPython, stepper } from "./torchPeer.ts";

const { values: args } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, threads: { type: "string", default: "1" } },
});
const [rounds, threads] = [Number(args.rounds), Number(args.threads)];

/** Layers of SmolLM2-135M: its projections, gate and up, and down. */
const LAYERS = [
  { rows: 576, cols: 576 },
  { rows: 1536, cols: 576 },
  { rows: 576, cols: 1536 },
];
const GROUP = 64;
/** Calls of either side before the first that counts: V8 compiles the loops meanwhile. A model has hundreds of layers. */
const WARM_UPS = 5;
const format = parseFormat(`nf4@g${GROUP}:fp32`);

/** Numbers of about normal distribution from a fixed congruential generator. */
function noise(count: number, seed: number): Float32Array {
  let state = seed;
  const uniform = () => {
    state = (state * 48271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
  return Float32Array.from({ length: count }, () => uniform() + uniform() + uniform() + uniform() - 2);
}

const products = createProducts({ threads });

/** Moments of inputs of which a few directions carry most of the energy, as activations' are. */
async function moments(columns: number): Promise<Moments> {
  const tokens = 2 * columns;
  const directions = 32;
  const [source, mix, own] = [
    noise(tokens * directions, 3),
    noise(directions * columns, 5),
    noise(tokens * columns, 7),
  ];
  const x = await products.multiply(source, mix, tokens, directions, columns);
  const transposed = new Float32Array(x.length);
  for (let t = 0; t < tokens; t++) {
    for (let j = 0; j < columns; j++) {
      x[t * columns + j]! += own[t * columns + j]!;
      transposed[j * tokens + t] = x[t * columns + j]! / tokens;
    }
  }
  const gram = Float64Array.from(await products.multiply(transposed, x, columns, tokens, columns));
  const unused = new Float64Array(columns);
  return { columns, tokens, gram, drift: null, absMean: unused, absMax: unused };
}

const python = peerPython();
if (python === null) console.log("torch: no Python with torch found; see bench/peer/README.md");
const folder = mkdtempSync(join(tmpdir(), "bitfrontier-gptq-"));
try {
  for (const { rows, cols } of LAYERS) {
    const matrix = { name: "layer", rows, cols };
    const own = { matrix, weights: noise(rows * cols, 11), format, moments: await moments(cols), products };
    const layer = { ...own, grid: formatGrid(own) };
    const energy = (w: Float32Array) => outputEnergy(matrix, w, own.moments, products);
    const all = await energy(own.weights);
    const errors: Record<string, number> = {};
    const round = gptq.act({ static: true });
    const ours: Side = {
      name: "bitfrontier",
      async measure() {
        const start = performance.now();
        const { weights } = await round(layer);
        const seconds = (performance.now() - start) / 1000;
        errors.bitfrontier = (await energy(weights.map((w, i) => w - own.weights[i]!))) / all;
        return (rows * cols) / seconds / 1e6;
      },
    };
    const sides = [ours];
    let stop = () => {};
    if (python !== null) {
      const [weightFile, momentFile] = [join(folder, "w.f32"), join(folder, "h.f32")];
      writeFileSync(weightFile, new Uint8Array(own.weights.buffer));
      writeFileSync(momentFile, new Uint8Array(Float32Array.from(own.moments.gram).buffer));
      const size = ["--rows", `${rows}`, "--cols", `${cols}`, "--group", `${GROUP}`, "--threads", `${threads}`];
      const levels = JSON.stringify([...quantizerOf(format).levels]);
      const peer = await stepper("torch", python, "gptq_peer.py", [
        weightFile,
        momentFile,
        ...size,
        "--levels",
        levels,
      ]);
      stop = peer.stop;
      sides.push({
        name: "torch",
        async measure() {
          const { seconds, outputError } = (await peer.step()) as { seconds: number; outputError: number };
          errors.torch = outputError;
          return (rows * cols) / seconds / 1e6;
        },
      });
    }
    for (const side of sides) for (let i = 0; i < WARM_UPS; i++) await side.measure();
    console.log(`gptq ${format.id} of ${rows} × ${cols}, ${threads} thread(s), million weights per second:`);
    for (const { name, value, ratio } of await interleave(sides, rounds)) {
      const error = errors[name]!.toExponential(4);
      console.log(`  ${name.padEnd(12)} ${show(value, 2)}  ours/it ${show(ratio, 2)}  output error ${error}`);
    }
    stop();
  }
} finally {
  await products.release();
  rmSync(folder, { recursive: true, force: true });
}
