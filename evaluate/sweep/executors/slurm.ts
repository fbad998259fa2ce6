import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { UserError } from "../../../formats/error.ts";
import { makeDirectory, writeFileAtomic } from "../../storage/files.ts";
import type { Executor, PlannedTrial, TrialQueue } from "../run.ts";
import type { WorkerSetup } from "./setup.ts";
import { removeShard, shardReader } from "./shards.ts";
import { liveTasks, submitArray } from "./slurmCommands.ts";

/** What a job's tasks read: the sweep, and which trials each is to run. */
export interface Submission {
  setup: WorkerSetup;
  /** Keys of trials, a list a task. */
  tasks: string[][];
}

export interface SlurmOptions {
  /** The sweep's folder, which every node must see. */
  directory: string;
  setup: WorkerSetup;
  /** Tasks of the array. */
  jobs: number;
  /** More words for sbatch: partition, time limit, … */
  submitArguments: readonly string[];
  note: (line: string) => void;
  /** Milliseconds between two looks at the queue and the folder. */
  pollMs?: number;
}

/** Slurm asks not to be polled in a tight loop; a trial takes seconds and more. */
const POLL_MS = 2000;

/** Jobs that finish no trial one after another before we give up: something is wrong that another job will not mend. */
const BARREN_MAX = 3;

/** The folder of a sweep in which jobs find their trials and leave their rows and logs. */
export const SLURM_FOLDER = "slurm";

/**
 * Runs trials as array jobs of Slurm, which is the only scheduler here. A task writes the rows it finishes to a journal of
 * its own (`slurm/JOB_TASK_RESTART/`); this process collects them into the sweep's. It can be killed and started again:
 * jobs are known by a name made from the folder, so the same command finds those that still run, watches them, and
 * submits what is left. Rows of killed tasks are kept, their open trials run again in another job.
 * Throws UserError: no Slurm here, sbatch refuses, or three jobs in a row finish nothing.
 */
export function slurm(options: SlurmOptions): Executor {
  return async (queue) => {
    const { directory, jobs, note, pollMs = POLL_MS } = options;
    const folder = join(directory, SLURM_FOLDER);
    makeDirectory(folder);
    const name = jobName(directory);
    const open = new Map<string, PlannedTrial>();
    for (let trial = queue.next(); trial; trial = queue.next()) open.set(trial.key, trial);
    const collect = collector(folder, queue, open);

    const watch = watcher(name, note, queue.signal, pollMs);

    let live = await watch();
    // Failures of earlier runs are tried again; those of a job that is still there are this run's.
    await collect({ failures: live > 0, remove: live === 0 });
    if (live > 0) note(`slurm: ${live} tasks of an earlier run are still there; watching them`);
    for (let barren = 0; open.size > 0 && !queue.signal?.aborted; ) {
      const before = open.size;
      if (live === 0) {
        const tasks = deal([...open.keys()], jobs);
        const job = await submit(folder, name, tasks, options);
        note(`slurm: job ${job}: ${open.size} trials in ${tasks.length} tasks`);
      }
      do {
        await sleep(pollMs, undefined, { signal: queue.signal }).catch(() => undefined);
        live = await watch();
        // In this order: what a task wrote before it left the queue is then seen.
        await collect({ failures: true, remove: false });
      } while (live > 0 && open.size > 0 && !queue.signal?.aborted);
      barren = open.size < before ? 0 : barren + 1;
      if (open.size === 0 || queue.signal?.aborted) break;
      if (barren === BARREN_MAX)
        throw new UserError(`slurm: ${BARREN_MAX} jobs in a row finished no trial; ${lastWords(folder)}`);
      note(`slurm: ${open.size} trials were lost with their tasks; they go into another job`);
    }
    if (open.size === 0) await collect({ failures: false, remove: true });
    else note(`slurm: the jobs go on; the same command collects them, scancel --name=${name} ends them`);
  };
}

/** Counts the tasks of that name; waits while Slurm does not answer, and tells why tasks wait when that changes. */
function watcher(name: string, note: (line: string) => void, signal: AbortSignal | undefined, pollMs: number) {
  let told = "";
  return async (): Promise<number> => {
    for (let silent = false; ; silent = true) {
      const live = await liveTasks(name);
      if (live !== null) {
        const reasons = [...new Set(live.filter((reason) => reason !== ""))].sort().join("; ");
        if (reasons !== "" && reasons !== told) note(`slurm: tasks wait: ${reasons}`);
        told = reasons;
        return live.length;
      }
      if (!silent) note("slurm: squeue gets no answer; trying again until it does");
      if (signal?.aborted) return 0;
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  };
}

/** Settles what the shards have of the open trials; `remove`: deletes those that hold nothing more. */
function collector(folder: string, queue: TrialQueue, open: Map<string, PlannedTrial>) {
  const read = shardReader(folder);
  const take = async (key: string, result: Parameters<TrialQueue["settle"]>[1]) => {
    const trial = open.get(key);
    if (!trial) return;
    open.delete(key);
    await queue.settle(trial, result);
  };
  return async ({ failures, remove }: { failures: boolean; remove: boolean }) => {
    for (const shard of await read()) {
      for (const [key, row] of shard.rows) await take(key, row);
      if (failures) for (const [key, message] of shard.failures) await take(key, new Error(message));
      if (remove && [...shard.rows.keys()].every((key) => queue.has(key))) removeShard(shard);
    }
  };
}

async function submit(
  folder: string,
  name: string,
  tasks: string[][],
  { setup, directory, submitArguments }: SlurmOptions,
): Promise<string> {
  const submission: Submission = { setup, tasks };
  const path = join(folder, `${randomBytes(4).toString("hex")}.json`);
  writeFileAtomic(path, JSON.stringify(submission));
  const program = [process.execPath, fileURLToPath(new URL("./slurmTask.js", import.meta.url)), directory, path];
  const script = `#!/bin/sh\nexec ${program.map(shellQuoted).join(" ")}\n`;
  const log = join(folder, "%A_%a.log");
  return submitArray(script, { name, tasks: tasks.length, log, args: submitArguments });
}

/** Deals keys out like cards: neighbours in a plan, which take alike, go to different tasks. */
function deal(keys: readonly string[], count: number): string[][] {
  const tasks = Array.from({ length: Math.min(count, keys.length) }, (): string[] => []);
  for (const [i, key] of keys.entries()) tasks[i % tasks.length]!.push(key);
  return tasks;
}

/** One name a folder: how a later run finds the jobs of an earlier one without having been told their numbers. */
function jobName(directory: string): string {
  return `bitfrontier-${createHash("sha256").update(realpathSync(directory)).digest("hex").slice(0, 12)}`;
}

const shellQuoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** The newest log with its last line. */
function lastWords(folder: string): string {
  const logs = readdirSync(folder)
    .filter((name) => name.endsWith(".log"))
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (logs.length === 0) return `they left no log in ${folder}`;
  return `the last line of ${logs[0]} is: ${readFileSync(logs[0]!, "utf8").trim().split("\n").at(-1)}`;
}
