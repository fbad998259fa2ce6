/**
 * @file What a sweep costs beyond the engine: the time between its first trial's start and its last row, over the time that
 * the trials say they took; the whole command with start and report; and the same trials by one `eval` each.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readJournal, readManifest } from "../evaluate/sweep/index.ts";
import { spread } from "./rounds.ts";

const { values: args } = parseArgs({
  options: {
    model: { type: "string", default: "reference" },
    task: { type: "string", default: "perplexity:reference" },
    limit: { type: "string", default: "64" },
    rounds: { type: "string", default: "5" },
    /** So many of the 100 trials are run by `eval`, and their mean is taken for all. */
    single: { type: "string", default: "5" },
    jobs: { type: "string", default: "2" },
  },
});
const [rounds, single] = [Number(args.rounds), Number(args.single)];

const elements = [
  ...["int3", "int4", "int4-full", "int5", "nf3", "nf4", "sf3", "sf4", "sf4_3", "nf5", "sf5", "e2m0", "e2m1"],
  ...[
    "e2m1+sr",
    "e2m1+sp",
    "e2m1-i",
    "e2m1-b",
    "e3m0",
    "apot4",
    "apot4+sp",
    "flint4",
    "en_25",
    "af4",
    "iq4_nl",
    "e2m2",
  ],
];
const groups = ["32", "64", "128", "row"];
const main = fileURLToPath(new URL("../cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "bitfrontier-bench-"));

/** Milliseconds of one command line. */
function run(words: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
  return performance.now() - start;
}

interface Sweep {
  /** Milliseconds of the whole command. */
  command: number;
  /** From the first trial's start to the last one's end. */
  trials: number;
  /** Sum over the trials of what each says it took. */
  engine: number;
}

async function sweep(round: number, jobs: string): Promise<Sweep> {
  const out = join(folder, `${round}-${jobs}`);
  const what = ["--models", args.model, "--tasks", args.task, "--limit", args.limit];
  const command = run([
    "sweep",
    ...what,
    "--formats",
    elements.join(),
    "--groups",
    groups.join(),
    "--jobs",
    jobs,
    "--out",
    out,
  ]);
  const { rows } = await readJournal(out);
  const timings = readManifest(out).keys.map((key) => rows.get(key)!.timing);
  const took = timings.map(({ quantizeMs, evaluateMs }) => quantizeMs + evaluateMs);
  const starts = timings.map(({ startedAt }) => Date.parse(startedAt));
  const ends = starts.map((start, i) => start + took[i]!);
  return { command, trials: Math.max(...ends) - Math.min(...starts), engine: took.reduce((a, b) => a + b) };
}

const seconds = (ms: readonly number[]) => {
  const { median, min, max } = spread(ms);
  return `${(median / 1000).toFixed(2)} s (${(min / 1000).toFixed(2)}–${(max / 1000).toFixed(2)})`;
};
const percent = (shares: readonly number[]) => {
  const { median, min, max } = spread(shares);
  return `${(100 * median).toFixed(2)} % (${(100 * min).toFixed(2)}–${(100 * max).toFixed(2)})`;
};

try {
  const count = elements.length * groups.length;
  console.log(
    `sweep: ${count} trials and their baseline on ${args.model}, ${args.limit} windows, ${rounds} rounds in turn; one trial an \`eval\`: ${single} of them, times ${count / single}`,
  );
  const [alone, pooled, evals]: [Sweep[], Sweep[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    alone.push(await sweep(round, "1"));
    pooled.push(await sweep(round, args.jobs));
    let total = 0;
    for (let i = 0; i < single; i++) {
      const at = Math.floor((i * count) / single);
      const format = `${elements[at % elements.length]}@${groups[at % groups.length]!.replace(/^(\d)/, "g$1")}`;
      total += run(["eval", args.model, "--task", args.task, "--limit", args.limit, "--format", format]);
    }
    evals.push((total * count) / single);
  }
  const times = (of: (each: Sweep) => number, sweeps = alone) => sweeps.map(of);
  console.log(`engine's own time          ${seconds(times(({ engine }) => engine))}`);
  console.log(`overhead between trials    ${percent(times(({ trials, engine }) => trials / engine - 1))} of it`);
  console.log(`the command                ${seconds(times(({ command }) => command))}, start and report included`);
  console.log(`  beyond the engine        ${percent(times(({ command, engine }) => command / engine - 1))}`);
  console.log(`the command, ${args.jobs} processes  ${seconds(times(({ command }) => command, pooled))}`);
  console.log(`one \`eval\` a trial         ${seconds(evals)}`);
  const ratio = spread(evals.map((ms, i) => ms / alone[i]!.command));
  console.log(
    `  over the sweep           ${ratio.median.toFixed(1)} (${ratio.min.toFixed(1)}–${ratio.max.toFixed(1)})`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
