import { availableParallelism } from "node:os";
import type { Executor } from "../run.ts";
import type { WorkerSetup } from "./setup.ts";
import { slurm } from "./slurm.ts";
import { workerPool } from "./workerPool.ts";

export interface ExecutorOptions {
  /** Processes on this machine, or jobs of a Slurm cluster. */
  name: "local" | "slurm";
  /** Processes, or tasks of the array job. */
  jobs: number;
  directory: string;
  setup: WorkerSetup;
  /** More words for sbatch. */
  submitArguments: readonly string[];
}

/**
 * The executor of these options, made when progress can be told; undefined for one local job, which is this process.
 * Several local processes share the processor: each gets its part of the threads, unless told otherwise.
 */
export function executorOf({ name, jobs, directory, setup, submitArguments }: ExecutorOptions) {
  if (name === "slurm")
    return (note: (line: string) => void): Executor => slurm({ directory, jobs, setup, submitArguments, note });
  if (jobs === 1) return undefined;
  const threads = setup.threads ?? Math.max(1, Math.floor(availableParallelism() / jobs));
  return (note: (line: string) => void): Executor => workerPool({ count: jobs, setup: { ...setup, threads }, note });
}
