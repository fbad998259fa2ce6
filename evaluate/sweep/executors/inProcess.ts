import type { Row } from "../../trial/row.ts";
import type { Executor, PlannedTrial, RunTrial } from "../run.ts";

/** Runs trials in this process, one after another. */
export function inProcess(runTrial: RunTrial): Executor {
  return async (queue) => {
    for (let trial = queue.next(); trial; trial = queue.next())
      await queue.settle(trial, await attempt(runTrial, trial));
  };
}

/** What a trial gave: its row, or the error it threw. */
export async function attempt(runTrial: RunTrial, trial: PlannedTrial): Promise<Row | Error> {
  try {
    return await runTrial(trial);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
