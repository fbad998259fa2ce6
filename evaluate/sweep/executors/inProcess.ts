import type { Row } from "../../trial/row.ts";
import type { Executor, PlannedTrial, RunTrial, Tell } from "../run.ts";

/** Runs trials in this process, one after another, and tells what each is at. */
export function inProcess(runTrial: RunTrial, tell?: (trial: PlannedTrial, step: string) => void): Executor {
  return async (queue) => {
    for (let trial = queue.next(); trial; trial = queue.next())
      await queue.settle(trial, await attempt(runTrial, trial, tell && ((step) => tell(trial, step))));
  };
}

/** What a trial gave: its row, or the error it threw. */
export async function attempt(runTrial: RunTrial, trial: PlannedTrial, tell?: Tell): Promise<Row | Error> {
  try {
    return await runTrial(trial, tell);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
