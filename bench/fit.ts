/**
 * @file Speed of the fits: a t by maximum likelihood beside scipy.stats.t.fit on the same elements, in one run; the same
 * from a stream; and exact learned codebooks, one a row. One thread each.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { normals } from "../evaluate/random.ts";
import { blockOptimalCodebook, createAccumulator, fitStudentT, learnedCodebooks } from "../fitting/index.ts";
import { interleave, type Side, show, spread } from "./rounds.ts";
import { peerPython, stepper } from "./torchPeer.ts";

const { values: args } = parseArgs({
  options: {
    elements: { type: "string", default: `${2 ** 20}` },
    rounds: { type: "string", default: "3" },
    rows: { type: "string", default: "4096" },
    cols: { type: "string", default: "4096" },
  },
});
const [elements, rounds, rows, cols] = [args.elements, args.rounds, args.rows, args.cols].map(Number) as [
  number,
  number,
  number,
  number,
];

/** A t(5) as a normal over the root of a χ²₅/5. */
function student(n: number): Float32Array {
  const normal = normals(1);
  return Float32Array.from({ length: n }, () => {
    let square = 0;
    for (let i = 0; i < 5; i++) square += normal() ** 2;
    return (0.02 * normal()) / Math.sqrt(square / 5);
  });
}

async function seconds(work: () => unknown, repeats: number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await work();
    times.push((performance.now() - start) / 1000);
  }
  return spread(times).median;
}

const data = student(elements);
const mine = fitStudentT(data);
const sides: Side[] = [
  { name: "bitfrontier fitStudentT", measure: () => seconds(() => fitStudentT(data), 5) },
  {
    name: "bitfrontier accumulator",
    measure: () =>
      seconds(() => {
        const accumulator = createAccumulator();
        for (let i = 0; i < data.length; i += 65536) accumulator.push(data.subarray(i, i + 65536));
        return accumulator.fit();
      }, 5),
  },
];
console.log(`fit: ${elements} elements of a t(5), ${rounds} rounds in turn; nu ${mine.nu?.toFixed(4)}`);
const python = peerPython();
const folder = mkdtempSync(join(tmpdir(), "bitfrontier-bench-"));
try {
  let peerLikelihood: number | null = null;
  let stop = () => {};
  if (python === null) console.log("no Python with scipy found (see bench/peer/README.md): the peer is left out");
  else {
    const file = join(folder, "data.f32");
    writeFileSync(file, new Uint8Array(data.buffer));
    const peer = await stepper("scipy", python, "fit_peer.py", [file]);
    stop = peer.stop;
    sides.push({
      name: "scipy.stats.t.fit",
      async measure() {
        const row = await peer.step();
        peerLikelihood = row.logLikelihood as number;
        return row.seconds as number;
      },
    });
  }
  for (const { name, value, ratio } of await interleave(sides, rounds)) {
    const times = spread([1 / ratio.max, 1 / ratio.median, 1 / ratio.min]);
    console.log(`  ${name.padEnd(26)} ${show(value, 3).padEnd(24)} s   this/ours ${show(times, 1)}`);
  }
  stop();
  if (peerLikelihood !== null) {
    const ahead = mine.logLikelihood! - peerLikelihood;
    console.log(`  log-likelihood: ours − scipy's ${ahead.toExponential(2)} nats an element`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const normal = normals(2);
const matrix = Float32Array.from({ length: rows * cols }, () => normal());
const learned = await seconds(() => learnedCodebooks(matrix, rows, cols, 16), 1);
console.log(
  `learned codebooks: ${rows} × ${cols}, 16 levels a row, exact: ${learned.toFixed(2)} s (${((1e3 * learned) / rows).toFixed(2)} ms a row)`,
);
const optimal = await seconds(() => blockOptimalCodebook({ nu: 5, blockSize: 128 }), 9);
console.log(`block-optimal codebook: t(5), blocks of 128, 16 levels: ${(1e3 * optimal).toFixed(1)} ms`);
