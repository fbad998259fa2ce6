/**
 * @file One task of an array job (see `slurm`): `slurmTask.js DIRECTORY SUBMISSION`. Runs its share of the trials, each row
 * on disk in a journal of its own before the next trial begins. A task that Slurm starts again, or that shares trials with
 * one whose node was thought dead, skips what others have finished.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openJournal, readJournal } from "../journal.ts";
import { prepareWorker } from "./setup.ts";
import { shardReader, writeFailure } from "./shards.ts";
import { SLURM_FOLDER, type Submission } from "./slurm.ts";

const [directory, path] = process.argv.slice(2) as [string, string];
const { SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID, SLURM_RESTART_COUNT = "0", SLURM_CPUS_PER_TASK } = process.env;
const { setup, tasks } = JSON.parse(readFileSync(path, "utf8")) as Submission;
const mine = tasks[Number(SLURM_ARRAY_TASK_ID)]!;
const folder = join(directory, SLURM_FOLDER);
const shards = shardReader(folder);
// A name that no other process has ever had: the lock of a node that is gone could not be taken over.
const shard = join(folder, `${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}_${SLURM_RESTART_COUNT}`);

const journal = await openJournal(shard);
let failures = 0;
try {
  const threads = setup.threads ?? (SLURM_CPUS_PER_TASK ? Number(SLURM_CPUS_PER_TASK) : undefined);
  const run = await prepareWorker({ ...setup, ...(threads === undefined ? {} : { threads }) });
  const before = (await readJournal(directory)).rows;
  for (const key of mine) {
    if (before.has(key) || (await shards()).some(({ rows }) => rows.has(key))) continue;
    const result = await run(key);
    if (result instanceof Error) fail(key, result);
    else await journal.append(result);
    console.log(`${new Date().toISOString()} ${result instanceof Error ? result.message : result.format}`);
  }
} catch (error) {
  console.error(error);
  // Nothing more can be run here: say so for each trial, so that the sweep need not wait for them.
  const done = new Set((await shards()).flatMap(({ rows, failures }) => [...rows.keys(), ...failures.keys()]));
  for (const key of mine) if (!done.has(key)) fail(key, error as Error);
} finally {
  await journal.close();
}
process.exit(failures > 0 ? 1 : 0);

function fail(key: string, { message }: Error): void {
  writeFailure(shard, key, message);
  failures++;
}
